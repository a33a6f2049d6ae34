// SPDX-License-Identifier: Apache-2.0
import { Code, Table, TableTbody, TableTd, TableTr, Text } from '@mantine/core'
import type { ResultOf } from '../../../../web-door/door.ts'
import { fieldWords } from '../../../parts/field-words.ts'
import { Moment } from '../../../parts/moment.tsx'
import { StateBadge } from '../../../parts/state-badge.tsx'
import { Surface } from '../../../parts/surface.tsx'
import { TableHead } from '../../../parts/table-head.tsx'

/** The session's own name says nothing to people, and an instance mostly has that of its desktop. */
function detailWords(type: string, data: object): string {
  const { session: _, instance, ...rest }: Record<string, unknown> = { ...data }
  if (type === 'count') return `${String(rest.of).replaceAll('-', ' ')}: ${rest.count} in all`
  return fieldWords(instance === undefined || instance === rest.desktop ? rest : { instance, ...rest })
}

/** The device's chained report: does it hold, and its last entries. */
export function Journal({ report }: { readonly report: ResultOf<'device-report'> }) {
  const { head, verified, findings, fault, entries } = report
  return (
    <Surface
      title="Journal"
      about={head === null ? 'Nothing was reported yet.' : `Receipted up to line ${head.seq}; every line was checked against the one before it.`}
      side={head === null ? null : <StateBadge state={verified ? 'verified' : 'broken'} words={verified ? 'chain verified' : 'chain broken'} />}
      flush
    >
      {fault === null ? null : (
        <Text size="sm" c="red" px="md" pb="xs">
          First fault, <Moment at={fault.at} />: {fault.message} <Code>{fault.kind}</Code>
        </Text>
      )}
      {findings.map(({ kind, seq, message }) => (
        <Text key={`${kind} ${seq}`} size="sm" c="red" px="md" pb="xs">
          {message} <Code>{kind}</Code>
        </Text>
      ))}
      {entries.length === 0 ? null : (
        <Table className="figures stacked" verticalSpacing={5} highlightOnHover>
          <TableHead titles={['Line', 'When', 'What', 'Details']} />
          <TableTbody>
            {[...entries].reverse().map(({ seq, wall, type, data }) => (
              <TableTr key={seq}>
                <TableTd>{seq}</TableTd>
                <TableTd style={{ whiteSpace: 'nowrap' }}>
                  <Moment at={wall} />
                </TableTd>
                <TableTd style={{ whiteSpace: 'nowrap' }}>{type.replaceAll('-', ' ')}</TableTd>
                <TableTd className="long">
                  <Text size="xs" c="dimmed">
                    {detailWords(type, data)}
                  </Text>
                </TableTd>
              </TableTr>
            ))}
          </TableTbody>
        </Table>
      )}
    </Surface>
  )
}
