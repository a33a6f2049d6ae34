// SPDX-License-Identifier: Apache-2.0
import { Group, Table, TableTbody, TableTd, TableTh, TableTr, Text } from '@mantine/core'
import { Fragment } from 'react'
import { Moment } from '../../../parts/moment.tsx'
import { PageHead } from '../../../parts/page-head.tsx'
import { Refresh } from '../../../parts/refresh.tsx'
import { StateBadge } from '../../../parts/state-badge.tsx'
import { Surface } from '../../../parts/surface.tsx'
import { TextLink } from '../../../parts/text-link.tsx'
import { showPage } from '../../../show-page.tsx'
import { releaseWords } from '../release-words.ts'
import { Compliance } from './compliance.tsx'
import { DeviceActs } from './device-acts.tsx'
import { Journal } from './journal.tsx'

export default function DevicePage({ params }: { readonly params: Promise<{ readonly device: string }> }) {
  return showPage(async (read) => {
    const { device: id } = await params
    const device = await read('show-device', { device: id })
    const [compliance, report] = [await read('device-compliance', { device: id }), await read('device-report', { device: id, last: 40 })]
    const rows = [
      ['User', device.user ?? 'nobody’s'],
      ['Groups and tags', [...device.groups, ...device.tags].join(', ') || 'none'],
      ['Keys', device.assurance === 'tpm' ? 'in a TPM' : 'in software: a local administrator can extract them'],
      ['Release: wanted / applied', releaseWords(device)],
      ['Runtime', device.runtimeVersion ?? 'not reported'],
    ] as const
    return (
      <>
        <Refresh every={4000} />
        <PageHead title={device.name} about={<span className="long">{device.id}</span>} up={{ href: '/devices', label: 'Devices' }}>
          <DeviceActs device={device.id} name={device.name} revoked={device.state === 'revoked'} />
        </PageHead>
        <Surface
          title="State"
          side={
            <Group gap="xs">
              {device.silent ? <StateBadge state="silent" /> : null}
              <StateBadge state={device.state} />
            </Group>
          }
          flush
        >
          {device.stateReason === null ? null : (
            <Text size="sm" px="md" pb="xs">
              Why: {device.stateReason}
            </Text>
          )}
          <Table layout="fixed" className="figures">
            <TableTbody>
              {rows.map(([name, value]) => (
                <Row key={name} name={name}>
                  {value}
                </Row>
              ))}
              <Row name="Settings in force">
                {device.desktops.length === 0
                  ? 'no desktop'
                  : device.desktops.map(({ desktop }, index) => (
                      <Fragment key={desktop}>
                        {index === 0 ? '' : ', '}
                        <TextLink href={`/devices/${id}/${desktop}`}>{desktop}</TextLink>
                      </Fragment>
                    ))}
              </Row>
              <Row name="Enrolled">
                <Moment at={device.enrolledAt} />
              </Row>
              <Row name="Last seen">
                <Moment at={device.lastSeenAt} />
              </Row>
              <Row name="Lease">
                {device.lease === null ? (
                  'none yet'
                ) : (
                  <>
                    number {device.lease.seq}, {device.lease.action === 'run' ? 'may run' : 'suspends'}, ends <Moment at={device.lease.expires} />
                  </>
                )}
              </Row>
            </TableTbody>
          </Table>
        </Surface>
        <Compliance compliance={compliance} />
        <Journal report={report} />
      </>
    )
  })
}

function Row({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <TableTr>
      <TableTh w={{ base: '9rem', sm: '15rem' }} style={{ whiteSpace: 'normal' }}>
        {name}
      </TableTh>
      <TableTd className="long">{children}</TableTd>
    </TableTr>
  )
}
