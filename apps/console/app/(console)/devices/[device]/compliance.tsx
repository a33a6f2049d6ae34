// SPDX-License-Identifier: Apache-2.0
import { catalogue } from '@casemate/policy/settings'
import { Group, Stack, Table, TableTbody, TableTd, TableTr, Text, Title } from '@mantine/core'
import type { ResultOf } from '../../../../web-door/door.ts'
import { StateBadge } from '../../../parts/state-badge.tsx'
import { Surface } from '../../../parts/surface.tsx'
import { TableHead } from '../../../parts/table-head.tsx'

type DeviceCompliance = ResultOf<'device-compliance'>
type Clipboard = DeviceCompliance['sessions'][number]['plan']['clipboard']['toGuest']
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

const clipboardWords = ({ allowed, maxBytes }: Clipboard): string => catalogue['clipboard-to-guest'].words({ maxTextBytes: allowed ? maxBytes : 0 })

function SessionTable({ session }: { readonly session: Session }) {
  const { plan, observed, differences } = session
  const rows = [
    ['Engine', plan.engine, observed?.engine],
    ['Memory', `${plan.memoryMiB} MiB`, observed === null ? undefined : `${observed.memoryMiB} MiB`],
    ['Network', catalogue.network.words(plan.network), observed === null ? undefined : catalogue.network.words(observed.network)],
    ['Clipboard to guest', clipboardWords(plan.clipboard.toGuest), observed === null ? undefined : clipboardWords(observed.clipboard.toGuest)],
    ['Clipboard from guest', clipboardWords(plan.clipboard.fromGuest), observed === null ? undefined : clipboardWords(observed.clipboard.fromGuest)],
    ['Serial port', plan.serial, observed?.serial],
    ['On exit', catalogue.exit.words(plan.exit), observed === null ? undefined : catalogue.exit.words(observed.exit)],
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
        <Table className="figures long" verticalSpacing={5}>
          <TableHead titles={['', 'Decided', 'Observed']} />
          <TableTbody>
            {rows.map(([name, decided, found]) => (
              <TableTr key={name}>
                <TableTd>{name}</TableTd>
                <TableTd>{decided}</TableTd>
                <TableTd>
                  <Text inherit span {...(found === undefined ? { c: 'dimmed' } : found === decided ? {} : { c: 'red' })}>
                    {found ?? 'not observed'}
                  </Text>
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
