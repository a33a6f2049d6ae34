// SPDX-License-Identifier: Apache-2.0
import { Table, TableTbody, TableTd, TableTr, Text } from '@mantine/core'
import { Empty } from '../../parts/empty.tsx'
import { LinkButton } from '../../parts/link-button.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { Surface } from '../../parts/surface.tsx'
import { TableHead } from '../../parts/table-head.tsx'
import { TextLink } from '../../parts/text-link.tsx'
import { showPage } from '../../show-page.tsx'
import { assigneeWords, packageWords } from './desktop-words.ts'

export default function DesktopsPage() {
  return showPage(async (read) => {
    const { desktops } = await read('list-desktops', {})
    const create = <LinkButton href="/releases/new">New release</LinkButton>
    return (
      <>
        <PageHead title="Desktops" about="What users see in the launcher: a line of releases, and to whom it is given.">
          {desktops.length === 0 ? undefined : create}
        </PageHead>
        {desktops.length === 0 ? (
          <Empty title="No desktop yet" act={create}>
            A desktop comes into being with its first release: a published package under its policies.
          </Empty>
        ) : (
          <Surface flush>
            <Table className="figures stacked" verticalSpacing="xs" highlightOnHover>
              <TableHead titles={['Desktop', 'Release', 'Package', 'Assigned to']} />
              <TableTbody>
                {desktops.map(({ name, title, release, assignments }) => (
                  <TableTr key={name}>
                    <TableTd>
                      <TextLink href={`/desktops/${name}`}>{title}</TextLink>
                      <Text size="xs" c="dimmed" ff="monospace">
                        {name}
                      </Text>
                    </TableTd>
                    <TableTd data-title="Release">{release === null ? <StateBadge state="waiting" words="not published" /> : release.serial}</TableTd>
                    <TableTd data-title="Package" className="long">
                      {release === null ? '–' : packageWords(release.package)}
                    </TableTd>
                    <TableTd data-title="Assigned to" className="long">
                      {assignments.length === 0 ? 'nobody' : assignments.map(assigneeWords).join(', ')}
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
