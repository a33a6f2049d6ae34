'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, FileInput, Group, NativeSelect, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { sizeWords } from '../../../parts/size-words.ts'

export interface WantedDisk {
  /** For React. */
  readonly key: string
  readonly name: string
  readonly role: 'system' | 'user'
  readonly file: File | null
}

export const emptyDisk = (name: string, role: WantedDisk['role']): WantedDisk => ({ key: crypto.randomUUID(), name, role, file: null })

export interface DiskFieldsProps {
  readonly disk: WantedDisk
  readonly fault: ReactNode
  readonly first: boolean
  readonly onChange: (disk: WantedDisk) => void
  readonly onRemove: () => void
}

export function DiskFields({ disk, fault, first, onChange, onRemove }: DiskFieldsProps) {
  return (
    <Group align="flex-start" gap="sm">
      <TextInput
        label="Disk name"
        required
        value={disk.name}
        onChange={(event) => onChange({ ...disk, name: event.currentTarget.value })}
        style={{ flex: '1 1 8rem' }}
      />
      <NativeSelect
        label="Role"
        disabled={first}
        data={['system', 'user']}
        value={disk.role}
        onChange={(event) => onChange({ ...disk, role: event.currentTarget.value === 'user' ? 'user' : 'system' })}
        style={{ flex: '0 1 8rem' }}
      />
      <FileInput
        label="Image file"
        placeholder="Choose a disk image"
        required
        withAsterisk
        clearable
        value={disk.file}
        onChange={(file) => onChange({ ...disk, file })}
        description={disk.file === null ? undefined : sizeWords(disk.file.size)}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        error={fault}
        style={{ flex: '2 1 14rem' }}
      />
      {first ? null : (
        <Button variant="subtle" color="gray" onClick={onRemove} mt={24}>
          Remove
        </Button>
      )}
    </Group>
  )
}
