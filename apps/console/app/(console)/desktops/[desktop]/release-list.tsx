// SPDX-License-Identifier: Apache-2.0
import { Table, TableTbody, TableTd, TableTr } from '@mantine/core'
import type { ResultOf } from '../../../../web-door/door.ts'
import { LinkButton } from '../../../parts/link-button.tsx'
import { Moment } from '../../../parts/moment.tsx'
import { StateBadge } from '../../../parts/state-badge.tsx'
import { Surface } from '../../../parts/surface.tsx'
import { TableHead } from '../../../parts/table-head.tsx'
import { updateWords } from '../../releases/typed-update.ts'
import { packageWords } from '../desktop-words.ts'

export interface ReleaseListProps {
  readonly desktop: string
  /** The newest first. */
  readonly releases: ResultOf<'list-releases'>['releases']
}

/** What devices have, what they had, and the way back. */
export function ReleaseList({ desktop, releases }: ReleaseListProps) {
  const running = releases.find(({ publishedAt }) => publishedAt !== null)
  return (
    <Surface
      title="Releases"
      about={
        running === undefined
          ? 'The first release waits for approval. Devices get the desktop once it is published.'
          : 'A roll-back is a new release of old content: serials only rise.'
      }
      flush
    >
      <Table className="figures stacked" verticalSpacing="xs">
        <TableHead titles={['Release', 'Package', 'Published', 'Update', '']} />
        <TableTbody>
          {releases.map((release) => (
            <TableTr key={release.serial}>
              <TableTd data-title="Release">{release.serial}</TableTd>
              <TableTd data-title="Package" className="long">
                {packageWords(release.package)}
              </TableTd>
              <TableTd>
                {release.publishedAt === null ? <StateBadge state="waiting" words="not published" /> : <Moment at={release.publishedAt} />}
              </TableTd>
              <TableTd data-title="Update">{updateWords(release.update)}</TableTd>
              <TableTd>
                {release === running ? <StateBadge state="published" words="newest" /> : null}
                {release === running || release.publishedAt === null ? null : (
                  <LinkButton size="xs" variant="default" href={`/desktops/${encodeURIComponent(desktop)}/roll-back?to=${release.serial}`}>
                    Roll back to {release.serial}
                  </LinkButton>
                )}
              </TableTd>
            </TableTr>
          ))}
        </TableTbody>
      </Table>
    </Surface>
  )
}
