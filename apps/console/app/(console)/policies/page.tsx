// SPDX-License-Identifier: Apache-2.0
import { Table, TableTbody, TableTd, TableTr } from '@mantine/core'
import { Digest } from '../../parts/digest.tsx'
import { Empty } from '../../parts/empty.tsx'
import { LinkButton } from '../../parts/link-button.tsx'
import { Moment } from '../../parts/moment.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { Surface } from '../../parts/surface.tsx'
import { TableHead } from '../../parts/table-head.tsx'
import { TextLink } from '../../parts/text-link.tsx'
import { showPage } from '../../show-page.tsx'

export default function PoliciesPage() {
  return showPage(async (read) => {
    const policies = (await read('list-policies', {})).policies.flatMap(({ name, versions }) => versions.map((version) => ({ name, ...version })))
    const create = <LinkButton href="/policies/edit">New policy</LinkButton>
    return (
      <>
        <PageHead title="Policies" about="What a desktop’s user may and may not do. A release names the versions that hold for it.">
          {policies.length === 0 ? undefined : create}
        </PageHead>
        {policies.length === 0 ? (
          <Empty title="No policy yet" act={create}>
            Without rules every setting holds at its strictest that still runs. A policy says where your organisation wants it otherwise.
          </Empty>
        ) : (
          <Surface flush>
            <Table className="figures stacked" verticalSpacing="xs" highlightOnHover>
              <TableHead titles={['Name', 'Version', 'State', 'Document', 'Made', '']} />
              <TableTbody>
                {policies.map(({ name, version, sha256, createdAt, publishedAt }) => (
                  <TableTr key={`${name} ${version}`}>
                    <TableTd fw={550}>{name}</TableTd>
                    <TableTd ff="monospace" data-title="Version">
                      {version}
                    </TableTd>
                    <TableTd>
                      <StateBadge
                        state={publishedAt === null ? 'waiting' : 'published'}
                        words={publishedAt === null ? 'not published' : 'published'}
                      />
                    </TableTd>
                    <TableTd>
                      <Digest value={sha256} />
                    </TableTd>
                    <TableTd style={{ whiteSpace: 'nowrap' }}>
                      <Moment at={createdAt} />
                    </TableTd>
                    <TableTd style={{ whiteSpace: 'nowrap' }}>
                      <TextLink href={`/policies/edit?name=${encodeURIComponent(name)}&version=${encodeURIComponent(version)}`}>New version</TextLink>
                    </TableTd>
                  </TableTr>
                ))}
              </TableTbody>
            </Table>
          </Surface>
        )}
      </>
    )
  })
}
