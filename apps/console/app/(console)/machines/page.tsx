// SPDX-License-Identifier: Apache-2.0
import { Group, Table, TableTbody, TableTd, TableTr, Text } from '@mantine/core'
import { Empty } from '../../parts/empty.tsx'
import { LinkButton } from '../../parts/link-button.tsx'
import { Moment } from '../../parts/moment.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { sizeWords } from '../../parts/size-words.ts'
import { StateBadge } from '../../parts/state-badge.tsx'
import { Surface } from '../../parts/surface.tsx'
import { TableHead } from '../../parts/table-head.tsx'
import { TextLink } from '../../parts/text-link.tsx'
import { showPage } from '../../show-page.tsx'
import { DemoGuestButton } from './demo-guest-button.tsx'
import { hardwareWords } from './hardware-words.ts'

const about = 'Authored machines: hardware and disks. A machine runs nowhere before it is sealed into a package.'

export default function MachinesPage() {
  return showPage(async (read) => {
    const [{ machines }, { demoGuest }] = [await read('list-machines', {}), await read('describe-organisation', {})]
    const demo = demoGuest && !machines.some(({ name }) => name === 'demo-guest') ? <DemoGuestButton /> : null
    const create = <LinkButton href="/machines/new">New machine</LinkButton>
    if (machines.length === 0) {
      return (
        <>
          <PageHead title="Machines" about={about} />
          <Empty
            title="No machine yet"
            act={
              <>
                {create}
                {demo}
              </>
            }
          >
            Upload the disk of a machine that you have{demo === null ? '' : ', or take the demo guest to see the whole way first'}.
          </Empty>
        </>
      )
    }
    return (
      <>
        <PageHead title="Machines" about={about}>
          {demo}
          {create}
        </PageHead>
        <Surface flush>
          <Table className="figures stacked" verticalSpacing="xs" highlightOnHover>
            <TableHead titles={['Name', 'Hardware', 'Disks', 'Made']} />
            <TableTbody>
              {machines.map(({ name, hardware, disks, createdAt, createdBy }) => (
                <TableTr key={name}>
                  <TableTd>
                    <TextLink href={`/machines/${name}`}>{name}</TextLink>
                  </TableTd>
                  <TableTd className="long">{hardwareWords(hardware)}</TableTd>
                  <TableTd>
                    {disks.map((disk) => (
                      <Group key={disk.name} gap={6} wrap="nowrap">
                        <Text size="sm" style={{ whiteSpace: 'nowrap' }}>
                          {disk.name}, {sizeWords(disk.sizeBytes)}
                        </Text>
                        <StateBadge state={disk.state} />
                      </Group>
                    ))}
                  </TableTd>
                  <TableTd>
                    <Moment at={createdAt} /> by {createdBy}
                  </TableTd>
                </TableTr>
              ))}
            </TableTbody>
          </Table>
        </Surface>
      </>
    )
  })
}
