// SPDX-License-Identifier: Apache-2.0
import { Table, TableTbody, TableTd, TableTh, TableThead, TableTr, Text } from '@mantine/core'
import { Moment } from '../../parts/moment.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { Surface } from '../../parts/surface.tsx'
import { showPage } from '../../show-page.tsx'
import { AddUser } from './add-user.tsx'
import { UserActs } from './user-acts.tsx'

export default function UsersPage() {
  return showPage(async (read) => {
    const { users } = await read('list-users', {})
    return (
      <>
        <PageHead title="Users" about="Who may sign in to this console. Every session is looked up anew at each act." />
        <Surface flush>
          <Table className="stacked" verticalSpacing="xs">
            <TableThead>
              <TableTr>
                {['Login', 'Roles', 'State', 'Added', 'Acts'].map((title) => (
                  <TableTh key={title} ta={title === 'Acts' ? 'right' : undefined}>
                    {title}
                  </TableTh>
                ))}
              </TableTr>
            </TableThead>
            <TableTbody>
              {users.map(({ login, name, roles, disabled, createdAt }) => (
                <TableTr key={login}>
                  <TableTd>
                    <Text size="sm" fw={550}>
                      {login}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {name}
                    </Text>
                  </TableTd>
                  <TableTd>{Array.isArray(roles) ? roles.join(', ') : 'unreadable'}</TableTd>
                  <TableTd>
                    <StateBadge state={disabled ? 'disabled' : 'active'} />
                  </TableTd>
                  <TableTd style={{ whiteSpace: 'nowrap' }}>
                    <Moment at={createdAt} />
                  </TableTd>
                  <TableTd>
                    <UserActs login={login} disabled={disabled} />
                  </TableTd>
                </TableTr>
              ))}
            </TableTbody>
          </Table>
        </Surface>
        <AddUser />
      </>
    )
  })
}
