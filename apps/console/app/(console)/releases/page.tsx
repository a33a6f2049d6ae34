// SPDX-License-Identifier: Apache-2.0
import { Table, TableTbody, TableTd, TableTr } from '@mantine/core'
import { Empty } from '../../parts/empty.tsx'
import { LinkButton } from '../../parts/link-button.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { Surface } from '../../parts/surface.tsx'
import { TableHead } from '../../parts/table-head.tsx'
import { TextLink } from '../../parts/text-link.tsx'
import { showPage } from '../../show-page.tsx'
import { packageWords } from '../desktops/desktop-words.ts'

export default function ReleasesPage() {
  return showPage(async (read) => {
    const { desktops } = await read('list-desktops', {})
    const create = <LinkButton href="/releases/new">New release</LinkButton>
    return (
      <>
        <PageHead title="Releases" about="The newest published release of each desktop. Serials only rise; a roll-back is a release of old content.">
          {desktops.length === 0 ? undefined : create}
        </PageHead>
        {desktops.length === 0 ? (
          <Empty title="No release yet" act={create}>
            A release puts a published package under its policies and gives both to a desktop.
          </Empty>
        ) : (
          <Surface flush>
            <Table className="figures stacked" verticalSpacing="xs" highlightOnHover>
              <TableHead titles={['Desktop', 'Serial', 'Package', 'State']} />
              <TableTbody>
                {desktops.map(({ name, title, release }) => (
                  <TableTr key={name}>
                    <TableTd>
                      <TextLink href={`/desktops/${name}`}>{title}</TextLink>
                    </TableTd>
                    <TableTd data-title="Serial">{release?.serial ?? '–'}</TableTd>
                    <TableTd data-title="Package" className="long">
                      {release === null ? '–' : packageWords(release.package)}
                    </TableTd>
                    <TableTd>
                      <StateBadge state={release === null ? 'waiting' : 'published'} words={release === null ? 'not published' : 'published'} />
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
