// SPDX-License-Identifier: Apache-2.0
import { Table, TableTbody, TableTd, TableTr, Text } from '@mantine/core'
import { ConsoleJobs } from '../../jobs/console-jobs.tsx'
import { isOpen } from '../../jobs/job.ts'
import { Digest } from '../../parts/digest.tsx'
import { Empty } from '../../parts/empty.tsx'
import { LinkButton } from '../../parts/link-button.tsx'
import { Moment } from '../../parts/moment.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Refresh } from '../../parts/refresh.tsx'
import { sizeWords } from '../../parts/size-words.ts'
import { StateBadge } from '../../parts/state-badge.tsx'
import { Surface } from '../../parts/surface.tsx'
import { TableHead } from '../../parts/table-head.tsx'
import { showPage } from '../../show-page.tsx'

const firstBoots = { order: 'first boot recorded', 'order-and-state': 'goes on from its first boot' } as const

/** Instants as the manifest has them, in UTC. */
function Validity({ notBefore, notAfter }: { readonly notBefore: string | null; readonly notAfter: string | null }) {
  if (notBefore === null && notAfter === null) return 'always'
  const [from, until] = [notBefore, notAfter].map((at) => at?.replace('T', ' ').replace(/:00Z$|Z$/, ' UTC'))
  return [...(from === undefined ? [] : [`from ${from}`]), ...(until === undefined ? [] : [`until ${until}`])].join(' ')
}

export default function PackagesPage() {
  return showPage(async (read) => {
    const [{ packages }, { jobs }] = [await read('list-packages', {}), await read('list-jobs', {})]
    const open = jobs.filter(isOpen)
    return (
      <>
        {open.length > 0 ? <Refresh every={1000} /> : null}
        <PageHead title="Packages" about="Sealed, immutable versions of machines: a manifest and encrypted chunks, named by their digests." />
        {open.length > 0 ? <ConsoleJobs jobs={open} /> : null}
        {packages.length === 0 ? (
          <Empty title="No package yet" act={<LinkButton href="/machines">To the machines</LinkButton>}>
            Seal a machine whose disks are here. The package then waits for approval.
          </Empty>
        ) : (
          <Surface flush>
            <Table className="figures stacked" verticalSpacing="xs" highlightOnHover>
              <TableHead titles={['Name', 'Version', 'State', 'Runs', 'Added to the store', 'Manifest', 'Made']} />
              <TableTbody>
                {packages.map((sealed) => (
                  <TableTr key={`${sealed.name} ${sealed.version}`}>
                    <TableTd fw={550}>{sealed.name}</TableTd>
                    <TableTd ff="monospace" className="long">
                      {sealed.version}
                    </TableTd>
                    <TableTd>
                      <StateBadge
                        state={sealed.publishedAt === null ? 'waiting' : 'published'}
                        words={sealed.publishedAt === null ? 'not published' : 'published'}
                      />
                    </TableTd>
                    <TableTd data-title="Runs">
                      <Validity {...sealed.validity} />
                      {sealed.firstBoot === null ? null : (
                        <Text size="xs" c="dimmed">
                          {firstBoots[sealed.firstBoot]}
                        </Text>
                      )}
                    </TableTd>
                    <TableTd data-title="Added to the store">{sealed.storedBytes === null ? 'not known' : sizeWords(sealed.storedBytes)}</TableTd>
                    <TableTd>
                      <Digest value={sealed.sha256} />
                    </TableTd>
                    <TableTd style={{ whiteSpace: 'nowrap' }}>
                      <Moment at={sealed.createdAt} /> by {sealed.author}
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
