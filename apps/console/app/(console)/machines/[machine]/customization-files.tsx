'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Code, FileButton, Group, Stack, Text, Textarea, TextInput, Title } from '@mantine/core'
import { useState } from 'react'
import { FaultAlert } from '../../../parts/fault.tsx'
import { faultSentence } from '../../../parts/fault-words.ts'
import { readTextFiles } from './read-text-files.ts'
import type { FilesCheck, TypedFile } from './use-checked-files.ts'

export interface CustomizationFilesProps {
  readonly files: readonly TypedFile[]
  readonly check: FilesCheck
  readonly onFiles: (files: readonly TypedFile[]) => void
}

const code = 'customization-invalid'

/** Files of the medium that each instance finds at its first start: chosen or typed, and what is wrong with each. */
export function CustomizationFiles({ files, check: { faults, secrets }, onFiles }: CustomizationFilesProps) {
  const [unreadable, setUnreadable] = useState<string | null>(null)
  const change = (key: string, part: Partial<TypedFile>) => onFiles(files.map((file) => (file.key === key ? { ...file, ...part } : file)))
  const faultOf = (file: number | null) => faults.filter((fault) => fault.file === file).map(({ message }) => faultSentence({ code, message }))
  const add = async (chosen: readonly File[]) => {
    const { texts, refused } = await readTextFiles(chosen)
    setUnreadable(refused)
    const names = new Set(texts.map(({ name }) => name))
    onFiles([...files.filter(({ name }) => !names.has(name)), ...texts.map((file) => ({ key: crypto.randomUUID(), ...file }))])
  }
  const [whole] = faultOf(null)
  return (
    <Stack gap="sm" component="section" aria-label="Customization files">
      <div>
        <Title order={3}>Customization files</Title>
        <Text size="sm" c="dimmed">
          A medium for each instance’s first start: a NoCloud seed, an unattend file. <Code>%logon_user%</Code>, <Code>%host_name%</Code>,{' '}
          <Code>%random_alpha(8)%</Code>, <Code>%random_digit(8)%</Code> and <Code>%secret(name)%</Code> are filled in on the device.
        </Text>
      </div>
      {files.map(({ key, name, text }, index) => (
        <Stack key={key} gap={6} component="section" aria-label={`File ${name}`}>
          <Group align="flex-end" gap="sm">
            <TextInput
              {...{ label: 'File name', required: true, maxLength: 64, value: name, style: { flex: '1 1 12rem' } }}
              onChange={(event) => change(key, { name: event.currentTarget.value })}
            />
            <Button
              variant="subtle"
              color="gray"
              aria-label={`Remove file ${name}`}
              onClick={() => onFiles(files.filter((file) => file.key !== key))}
            >
              Remove
            </Button>
          </Group>
          <Textarea
            {...{ 'aria-label': `Text of ${name}`, autosize: true, minRows: 3, maxRows: 16, spellCheck: false, value: text }}
            error={faultOf(index).length === 0 ? null : `${faultOf(index).join(' ')} (${code})`}
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '0.8rem' }, error: { overflowWrap: 'anywhere' } }}
            onChange={(event) => change(key, { text: event.currentTarget.value })}
          />
        </Stack>
      ))}
      {whole === undefined ? null : <FaultAlert fault={{ code, message: whole }} />}
      {unreadable === null ? null : <FaultAlert fault={{ code, message: unreadable }} />}
      {secrets.length === 0 ? null : (
        <Text size="sm">
          They ask for {secrets.length === 1 ? 'the secret' : 'the secrets'} {secrets.join(', ')}: set {secrets.length === 1 ? 'it' : 'them'} on the
          desktop’s page.
        </Text>
      )}
      <Group gap="xs">
        <FileButton multiple onChange={(chosen) => void add(chosen)}>
          {(props) => (
            <Button size="xs" variant="default" {...props}>
              Add files
            </Button>
          )}
        </FileButton>
        <Button size="xs" variant="default" onClick={() => onFiles([...files, { key: crypto.randomUUID(), name: nextName(files), text: '' }])}>
          Write a file
        </Button>
      </Group>
    </Stack>
  )
}

/** The two that cloud-init needs, before any other. */
function nextName(files: readonly TypedFile[]): string {
  const taken = new Set(files.map(({ name }) => name))
  return ['user-data', 'meta-data'].find((name) => !taken.has(name)) ?? ''
}
