// SPDX-License-Identifier: Apache-2.0
import { Table, TableTbody, TableTd, TableTr, Text } from '@mantine/core'
import { Empty } from '../../parts/empty.tsx'
import { LinkButton } from '../../parts/link-button.tsx'
import { Moment } from '../../parts/moment.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Refresh } from '../../parts/refresh.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { Surface } from '../../parts/surface.tsx'
import { TableHead } from '../../parts/table-head.tsx'
import { TextLink } from '../../parts/text-link.tsx'
import { showPage } from '../../show-page.tsx'
import { releaseWords } from './release-words.ts'

export default function DevicesPage() {
  return showPage(async (read) => {
    const { devices } = await read('list-devices', {})
    const shown = await Promise.all(devices.map(({ id }) => read('show-device', { device: id })))
    const enrol = <LinkButton href="/devices/enrol">New enrolment code</LinkButton>
    if (shown.length === 0) {
      return (
        <>
          <PageHead title="Devices" about="Enrolled computers, each with keys of its own." />
          <Empty title="No device is enrolled" act={enrol}>
            Make an enrolment code and type it, or scan it, into the launcher of the computer that is to join.
          </Empty>
        </>
      )
    }
    return (
      <>
        <Refresh every={3000} />
        <PageHead title="Devices" about="Enrolled computers, each with keys of its own.">
          {enrol}
        </PageHead>
        <Surface flush>
          <Table className="figures stacked" verticalSpacing="xs" highlightOnHover>
            <TableHead titles={['Name', 'User', 'State', 'Release: wanted / applied', 'Last seen', 'Runtime']} />
            <TableBody devices={shown} />
          </Table>
        </Surface>
      </>
    )
  })
}

type Shown = Parameters<typeof releaseWords>[0] & {
  readonly id: string
  readonly name: string
  readonly user: string | null
  readonly state: string
  readonly silent: boolean
  readonly lastSeenAt: number | null
  readonly runtimeVersion: string | null
}

function TableBody({ devices }: { readonly devices: readonly Shown[] }) {
  return (
    <TableTbody>
      {devices.map((device) => (
        <TableTr key={device.id}>
          <TableTd>
            <TextLink href={`/devices/${device.id}`}>{device.name}</TextLink>
            <Text size="xs" c="dimmed" ff="monospace">
              {device.id}
            </Text>
          </TableTd>
          <TableTd data-title="User">{device.user ?? 'nobody’s'}</TableTd>
          <TableTd>
            <StateBadge state={device.silent && device.state === 'active' ? 'silent' : device.state} />
          </TableTd>
          <TableTd data-title="Release: wanted / applied" style={{ whiteSpace: 'nowrap' }}>
            {releaseWords(device)}
          </TableTd>
          <TableTd data-title="Last seen" style={{ whiteSpace: 'nowrap' }}>
            <Moment at={device.lastSeenAt} />
          </TableTd>
          <TableTd data-title="Runtime" ff="monospace">
            {device.runtimeVersion ?? '–'}
          </TableTd>
        </TableTr>
      ))}
    </TableTbody>
  )
}
