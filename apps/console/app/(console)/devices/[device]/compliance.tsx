// SPDX-License-Identifier: Apache-2.0
import { Code, Group, Stack, Table, TableTbody, TableTd, TableTr, Text, Title } from '@mantine/core'
import type { ResultOf } from '../../../../web-door/door.ts'
import { StateBadge } from '../../../parts/state-badge.tsx'
import { Surface } from '../../../parts/surface.tsx'
import { TableHead } from '../../../parts/table-head.tsx'

type DeviceCompliance = ResultOf<'device-compliance'>
type Session = DeviceCompliance['sessions'][number]

/** What was decided beside what was observed, for every session that the device last reported. */
export function Compliance({ compliance }: { readonly compliance: DeviceCompliance }) {
  const { sessions, compliant, reportedAt } = compliance
  const verdict =
    sessions.length === 0 ? null : <StateBadge state={compliant ? 'compliant' : 'different'} words={compliant ? 'compliant' : 'differs'} />
  return (
    <Surface title="Compliance" about="What the approved policies decided, beside what the device observed of the running machine." side={verdict}>
      {sessions.length === 0 ? (
        <Text size="sm" c="dimmed">
          {reportedAt === null ? 'The device has not reported yet.' : 'No desktop runs on this device.'}
        </Text>
      ) : (
        <Stack>
          {sessions.map((session) => (
            <SessionTable key={session.session} session={session} />
          ))}
        </Stack>
      )}
    </Surface>
  )
}

function SessionTable({ session }: { readonly session: Session }) {
  const { plan, observed, differences } = session
  const rows = [
    ['Engine', plan.engine, observed?.engine],
    ['Memory', `${plan.memoryMiB} MiB`, observed === null ? undefined : `${observed.memoryMiB} MiB`],
    ['Network', JSON.stringify(plan.network), observed === null ? undefined : JSON.stringify(observed.network)],
    ['Clipboard', JSON.stringify(plan.clipboard), observed === null ? undefined : JSON.stringify(observed.clipboard)],
    ['Serial port', plan.serial, observed?.serial],
    ['On exit', plan.exit, observed?.exit],
  ] as const
  return (
    <div>
      <Group gap="xs" mb={4}>
        <Title order={3}>
          {session.desktop}, release {session.applied}
          {session.wanted === session.applied ? '' : ` (wanted: ${session.wanted ?? 'none'})`}
        </Title>
        <StateBadge state={observed?.state ?? 'waiting'} words={observed?.state ?? 'not observed'} />
      </Group>
      <div className="scroll">
        <Table className="figures" verticalSpacing={5}>
          <TableHead titles={['', 'Decided', 'Observed']} />
          <TableTbody>
            {rows.map(([name, decided, found]) => (
              <TableTr key={name}>
                <TableTd>{name}</TableTd>
                <TableTd className="long">
                  <Code>{decided}</Code>
                </TableTd>
                <TableTd className="long">
                  {found === undefined ? 'not observed' : <Code {...(found === decided ? {} : { c: 'red' })}>{found}</Code>}
                </TableTd>
              </TableTr>
            ))}
          </TableTbody>
        </Table>
      </div>
      {differences.map(({ between, field, wanted, found }) => (
        <Text key={`${between} ${field}`} size="sm" c="red" className="long">
          {field}: wanted {wanted}, found {found} ({between.replaceAll('-', ' ')})
        </Text>
      ))}
    </div>
  )
}
