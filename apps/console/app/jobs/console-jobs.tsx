// SPDX-License-Identifier: Apache-2.0
import { Group, Progress, Stack, Text } from '@mantine/core'
import { Moment } from '../parts/moment.tsx'
import { progressWords } from '../parts/size-words.ts'
import { StateBadge } from '../parts/state-badge.tsx'
import { Surface } from '../parts/surface.tsx'
import { isOpen, jobProgress, jobTitle, type ShownJob } from './job.ts'

/** Long work: how far it is, or why it failed. */
export function ConsoleJobs({ jobs }: { readonly jobs: readonly ShownJob[] }) {
  return (
    <Surface title="Jobs">
      <Stack gap="sm">
        {jobs.slice(0, 8).map((job) => (
          <ConsoleJob key={job.id} job={job} />
        ))}
      </Stack>
    </Surface>
  )
}

function ConsoleJob({ job }: { readonly job: ShownJob }) {
  const title = jobTitle(job)
  const progress = jobProgress(job)
  return (
    <Stack gap={4} component="section" aria-label={title}>
      <Group gap="xs">
        <Text size="sm" fw={550}>
          {title}
        </Text>
        <StateBadge state={job.state} />
        <Text size="sm" c="dimmed">
          <Moment at={job.endedAt ?? job.createdAt} />
        </Text>
      </Group>
      {isOpen(job) ? (
        <>
          <Progress
            value={progress === null ? 100 : Math.min(100, (100 * progress.done) / progress.total)}
            animated={progress === null}
            aria-label={`Progress of ${title}`}
          />
          <Text size="sm" c="dimmed" className="figures">
            {progress === null ? 'Looking at the disks' : progressWords(progress)}
          </Text>
        </>
      ) : null}
      {progress?.notes.map((note) => (
        <Text key={note} size="sm" className="long">
          Note: {note}
        </Text>
      ))}
      {job.failure === null ? null : (
        <Text size="sm" c="red" className="long">
          {job.failure}
        </Text>
      )}
    </Stack>
  )
}
