// SPDX-License-Identifier: Apache-2.0
import { Code, Group, Stack, Table, TableTbody, TableTd, TableTr, Text, Title } from '@mantine/core'
import type { ResultOf } from '../../../web-door/door.ts'
import { sizeWords } from '../../parts/size-words.ts'
import { StateBadge } from '../../parts/state-badge.tsx'
import { Surface } from '../../parts/surface.tsx'
import { TableHead } from '../../parts/table-head.tsx'
import { groupImpact, type ImpactGroup } from './group-impact.ts'

/** What publishing would change, in words, and on which devices. */
export function Impact({ impact }: { readonly impact: ResultOf<'preview-release'> }) {
  const { follows, serial, devices, transfer } = impact
  const groups = groupImpact(impact)
  const untouched = devices.length - groups.reduce((sum, { names }) => sum + names.length, 0)
  return (
    <Surface
      title="Impact"
      about={
        follows === null
          ? `Release ${serial}, the desktop’s first: changes are against the defaults.`
          : `Release ${serial}, against release ${follows}.`
      }
    >
      <Stack gap="md">
        {devices.length === 0 ? (
          <Text size="sm">No device has this desktop yet, so nothing changes anywhere. Assign the desktop after the release is published.</Text>
        ) : null}
        {groups.map((group) => (
          <DeviceGroup key={group.names.join()} group={group} />
        ))}
        {transfer === null ? (
          <Text size="sm" c="red">
            What is sent is not known: a part of the package’s index is missing or altered.
          </Text>
        ) : (
          <Text size="sm">
            {follows === null
              ? `A device fetches ${sizeWords(transfer.whole.bytes)} in all.`
              : `A device that holds release ${follows} whole fetches ${sizeWords(transfer.update.bytes)}, another one ${sizeWords(transfer.whole.bytes)} in all.`}
          </Text>
        )}
        {untouched > 0 ? <Text size="sm">{untouched === 1 ? 'One device notices nothing.' : `${untouched} devices notice nothing.`}</Text> : null}
      </Stack>
    </Surface>
  )
}

const packageWords = {
  same: 'The package stays.',
  updated: 'The package is another one: the desktop restarts fresh, user disks stay.',
  first: 'The package is new there.',
}

function DeviceGroup({ group: { names, changes, package: change, runtimeTooOld } }: { readonly group: ImpactGroup }) {
  return (
    <div>
      <Group gap="xs" mb={6}>
        <Title order={3}>{names.length === 1 ? 'On one device' : `On ${names.length} devices`}</Title>
        {names.map((name) => (
          <StateBadge key={name} state="" words={name} />
        ))}
      </Group>
      <Text size="sm">{packageWords[change]}</Text>
      {runtimeTooOld === null ? null : (
        <Text size="sm" c="red">
          Their runtime is too old and refuses the release: it must be <Code>{runtimeTooOld}</Code> or newer.
        </Text>
      )}
      {changes.length === 0 ? (
        <Text size="sm">No setting changes.</Text>
      ) : (
        <div className="scroll">
          <Table className="figures" verticalSpacing={6}>
            <TableHead titles={['Setting', 'Before', 'After', 'Direction']} />
            <TableTbody>
              {changes.map(({ setting, before, after, direction }) => (
                <TableTr key={setting}>
                  <TableTd>{setting.replaceAll('-', ' ')}</TableTd>
                  <TableTd c="dimmed">{before}</TableTd>
                  <TableTd fw={550}>{after}</TableTd>
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
