// SPDX-License-Identifier: Apache-2.0
import { Group, List, ListItem, SimpleGrid, Text } from '@mantine/core'
import { ConsoleJobs } from '../jobs/console-jobs.tsx'
import { isOpen } from '../jobs/job.ts'
import { PageHead } from '../parts/page-head.tsx'
import { Refresh } from '../parts/refresh.tsx'
import { StateBadge } from '../parts/state-badge.tsx'
import { Surface } from '../parts/surface.tsx'
import { TextLink } from '../parts/text-link.tsx'
import { showPage } from '../show-page.tsx'
import { isBehind } from './devices/release-words.ts'
import { Expiring } from './expiring.tsx'
import { firstSteps } from './first-steps.ts'

export default function OverviewPage() {
  return showPage(async (read) => {
    const [{ title }, { pending }, { devices }] = [
      await read('describe-organisation', {}),
      await read('list-pending', {}),
      await read('list-devices', {}),
    ]
    const [{ jobs }, { machines }, { packages }] = [await read('list-jobs', {}), await read('list-machines', {}), await read('list-packages', {})]
    const [{ policies }, { desktops }, { expiring }] = [
      await read('list-policies', {}),
      await read('list-desktops', {}),
      await read('list-expiring', {}),
    ]
    const shown = await Promise.all(devices.map(({ id }) => read('show-device', { device: id })))
    const [silent, behind, open] = [devices.filter((one) => one.silent), shown.filter(isBehind), jobs.filter(isOpen)]
    const steps = firstSteps({
      ...{ machines: machines.length, devices: devices.length },
      packages: packages.filter(({ publishedAt }) => publishedAt !== null).length,
      policies: policies.filter(({ versions }) => versions.some(({ publishedAt }) => publishedAt !== null)).length,
      releases: desktops.filter(({ release }) => release !== null).length,
      assignments: desktops.reduce((sum, { assignments }) => sum + assignments.length, 0),
    })
    return (
      <>
        <Refresh every={open.length > 0 ? 1000 : 5000} />
        <PageHead title="Overview" about={`What waits in ${title}.`} />
        <SimpleGrid cols={{ base: 2, md: 4 }} spacing="md" mb="md">
          <Figure label="Waiting for approval" value={pending.length} href="/approvals" alarm={pending.length > 0} />
          <Figure label="Devices enrolled" value={devices.length} href="/devices" />
          <Figure label="Devices silent" value={silent.length} href="/devices" alarm={silent.length > 0} />
          <Figure label="Devices behind" value={behind.length} href="/devices" alarm={behind.length > 0} />
        </SimpleGrid>
        {expiring.length === 0 ? null : <Expiring expiring={expiring} />}
        {pending.length === 0 ? null : (
          <Surface title="Waiting for approval">
            <List size="sm" spacing={6}>
              {pending.map(({ role, version, author, added, keys }) => (
                <ListItem key={role} className="long">
                  <TextLink href="/approvals">
                    {role}, version {version}
                  </TextLink>
                  , by {author}: {added.map(({ path }) => path).join(', ') || (keys.length > 0 ? 'keys' : 'renews its expiry')}
                </ListItem>
              ))}
            </List>
          </Surface>
        )}
        {open.length === 0 ? null : <ConsoleJobs jobs={open} />}
        {steps.every(({ done }) => done) ? null : <Steps steps={steps} />}
      </>
    )
  })
}

function Figure({
  label,
  value,
  href,
  alarm = false,
}: {
  readonly label: string
  readonly value: number
  readonly href: string
  readonly alarm?: boolean
}) {
  return (
    <div className="surface" style={{ padding: '12px 16px' }}>
      <Text fz={26} fw={620} lh={1.2} className="figures" c={alarm ? 'var(--mantine-primary-color-filled)' : 'inherit'}>
        {value}
      </Text>
      <Text size="sm">
        <TextLink href={href}>{label}</TextLink>
      </Text>
    </div>
  )
}

function Steps({ steps }: { readonly steps: ReturnType<typeof firstSteps> }) {
  return (
    <Surface title="First steps" about="From nothing to a locked desktop on a computer.">
      <List type="ordered" spacing={8} size="sm" listStyleType="decimal">
        {steps.map(({ label, about, href, done }) => (
          <ListItem key={label}>
            <Group gap="xs" display="inline-flex">
              <TextLink href={href}>{label}</TextLink>
              <Text span size="sm" c="dimmed">
                {about}
              </Text>
              {done ? <StateBadge state="done" /> : null}
            </Group>
          </ListItem>
        ))}
      </List>
    </Surface>
  )
}
