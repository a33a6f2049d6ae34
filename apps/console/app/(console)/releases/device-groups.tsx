// SPDX-License-Identifier: Apache-2.0
import type { DeviceImpact } from '@casemate/policy/impact'
import { Code, Group, Table, TableTbody, TableTd, TableTr, Text, Title } from '@mantine/core'
import { StateBadge } from '../../parts/state-badge.tsx'
import { TableHead } from '../../parts/table-head.tsx'
import type { ImpactGroup } from './group-impact.ts'

/** What happens to which devices; those to which the same happens, together. */
export function DeviceGroups({ groups }: { readonly groups: readonly ImpactGroup[] }) {
  return groups.map((group) => <DeviceGroup key={group.names.join()} group={group} />)
}

export function Untouched({ count }: { readonly count: number }) {
  return count > 0 ? <Text size="sm">{count === 1 ? 'One device notices nothing.' : `${count} devices notice nothing.`}</Text> : null
}

const packageWords = {
  same: 'The package stays.',
  updated: 'The package is another one: the desktop restarts fresh, user disks stay.',
  first: 'The package is new there.',
}

function DeviceGroup({ group: { names, changes, package: change, refused } }: { readonly group: ImpactGroup }) {
  return (
    <div>
      <Group gap="xs" mb={6}>
        <Title order={3}>{names.length === 1 ? 'On one device' : `On ${names.length} devices`}</Title>
        {names.map((name) => (
          <StateBadge key={name} state="" words={name} />
        ))}
      </Group>
      <Text size="sm">{packageWords[change]}</Text>
      <Refused refused={refused} />
      {changes.length === 0 ? (
        <Text size="sm">No setting changes.</Text>
      ) : (
        <div className="scroll">
          <Table className="figures stacked" verticalSpacing={6}>
            <TableHead titles={['Setting', 'Before', 'After', 'Direction']} />
            <TableTbody>
              {changes.map(({ setting, before, after, direction, details }) => (
                <TableTr key={setting}>
                  <TableTd className="long">{setting.replaceAll('-', ' ')}</TableTd>
                  <TableTd className="long" c="dimmed" data-title="Before:">
                    {before}
                  </TableTd>
                  <TableTd className="long" fw={550} data-title="After:">
                    {after}
                    {details.map((detail) => (
                      <Text key={detail} size="xs" c="dimmed" ff="monospace">
                        {detail}
                      </Text>
                    ))}
                  </TableTd>
                  <TableTd>
                    <StateBadge state={direction === 'tightened' ? 'active' : 'waiting'} words={direction} />
                  </TableTd>
                </TableTr>
              ))}
            </TableTbody>
          </Table>
        </div>
      )}
    </div>
  )
}

/** In the words of the launcher there. */
function Refused({ refused: { before, after } }: Pick<DeviceImpact, 'refused'>) {
  if (after.length === 0) return before.length === 0 ? null : <Text size="sm">It is refused there now, and would run.</Text>
  const now = before.length === 0 ? 'It would be refused there' : 'It is refused there already, and would be'
  return after.map(({ code, sentence }) => (
    <Text key={sentence} size="sm" c="red">
      {now} (<Code>{code}</Code>): {sentence}
    </Text>
  ))
}
