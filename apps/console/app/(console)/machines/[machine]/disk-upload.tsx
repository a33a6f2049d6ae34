'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, FileButton, Group, Progress, Stack, Text } from '@mantine/core'
import { Digest } from '../../../parts/digest.tsx'
import { FaultAlert } from '../../../parts/fault.tsx'
import { progressWords, sizeWords } from '../../../parts/size-words.ts'
import { StateBadge } from '../../../parts/state-badge.tsx'
import { useUpload } from '../../../upload/use-upload.ts'

export interface ShownDisk {
  readonly name: string
  readonly role: string
  readonly state: string
  readonly sizeBytes: number
  readonly uploadedBytes: number
  readonly sha256: string | null
}

/** One disk: what of it is here, and the rest of its upload. */
export function DiskUpload({ machine, disk }: { readonly machine: string; readonly disk: ShownDisk }) {
  const { running, progress, fault, start, stop } = useUpload({ machine, disk: disk.name, sizeBytes: disk.sizeBytes, open: disk.state !== 'ready' })
  const here = running ? progress.sent : disk.uploadedBytes
  const { rate, left } = running ? progress : { rate: null, left: null }
  return (
    <Stack gap={6} component="section" aria-label={`Disk ${disk.name}`}>
      <Group gap="xs" justify="space-between">
        <Group gap="xs">
          <Text fw={550}>{disk.name}</Text>
          <Text size="sm" c="dimmed">
            {disk.role}, {sizeWords(disk.sizeBytes)}
          </Text>
          <StateBadge state={disk.state} />
        </Group>
        {disk.state === 'ready' ? (
          <Digest value={disk.sha256} />
        ) : running ? (
          <Button size="xs" variant="default" onClick={stop}>
            Pause
          </Button>
        ) : (
          <FileButton onChange={(file) => file !== null && start(file)}>
            {(props) => (
              <Button size="xs" variant="light" {...props}>
                {here > 0 ? 'Choose the file to go on' : 'Choose the file'}
              </Button>
            )}
          </FileButton>
        )}
      </Group>
      {disk.state === 'ready' ? null : (
        <>
          <Progress value={disk.sizeBytes === 0 ? 0 : (100 * here) / disk.sizeBytes} aria-label={`Upload of ${disk.name}`} animated={running} />
          <Text size="sm" c="dimmed" className="figures">
            {progressWords({ done: here, total: disk.sizeBytes, rate, left })}
          </Text>
        </>
      )}
      <FaultAlert fault={fault} />
    </Stack>
  )
}
