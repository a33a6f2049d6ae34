// SPDX-License-Identifier: Apache-2.0
import { Group, Progress, Stack, Text } from '@mantine/core'
import { Moment } from '../parts/moment.tsx'
import { StateBadge } from '../parts/state-badge.tsx'
import { Surface } from '../parts/surface.tsx'
import { isOpen, jobPercent, jobTitle, type ShownJob } from './job.ts'

/** Long work: how far it is, or why it failed. */
export function ConsoleJobs({ jobs }: { readonly jobs: readonly ShownJob[] }) {
  return (
    <Surface title="Jobs">
      <Stack gap="sm">
        {jobs.slice(0, 8).map((job) => (
          <Stack key={job.id} gap={4} component="section" aria-label={jobTitle(job)}>
            <Group gap="xs">
              <Text size="sm" fw={550}>
                {jobTitle(job)}
              </Text>
              <StateBadge state={job.state} />
              <Text size="sm" c="dimmed">
                <Moment at={job.endedAt ?? job.createdAt} />
              </Text>
            </Group>
            {isOpen(job) ? (
              <Progress value={jobPercent(job) ?? 100} animated={jobPercent(job) === null} aria-label={`Progress of ${jobTitle(job)}`} />
            ) : null}
            {job.failure === null ? null : (
              <Text size="sm" c="red" className="long">
                {job.failure}
              </Text>
            )}
          </Stack>
        ))}
      </Stack>
    </Surface>
  )
}
