'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Stack, Tabs, TabsList, TabsPanel, TabsTab, Text } from '@mantine/core'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import type { ResultOf } from '../../../../web-door/door.ts'
import { callConsole } from '../../../console-call.ts'
import { FaultAlert } from '../../../parts/fault.tsx'
import { useAct } from '../../../use-act.ts'
import { PolicyFaults } from './policy-faults.tsx'
import { PolicyForm } from './policy-form.tsx'
import { PolicyImpact } from './policy-impact.tsx'
import { PolicyTextArea } from './policy-text-area.tsx'
import type { SettingForm } from './setting-forms.ts'
import { useCheckedPolicy } from './use-checked-policy.ts'
import type { ValueSchema } from './value-schema.ts'

export interface PolicyEditorProps {
  readonly start: string
  readonly settings: readonly SettingForm[]
  readonly condition: ValueSchema
}

/** One text, two views. Whatever is typed stays, also what is refused. */
export function PolicyEditor({ start, settings, condition }: PolicyEditorProps) {
  const [text, setText] = useState(start)
  const { busy, fault, act } = useAct()
  const { faults, checked } = useCheckedPolicy(text)
  const router = useRouter()
  const [preview, setPreview] = useState<{ readonly of: string; readonly found: ResultOf<'preview-policy'> } | null>(null)
  const show = () => act(async () => setPreview({ of: text, found: await callConsole('preview-policy', { yaml: text }) }))
  const stage = () =>
    act(async () => {
      await callConsole('stage-policy', { yaml: text })
      router.push('/approvals')
    })
  return (
    <Stack gap="md">
      <Tabs defaultValue="form" keepMounted={false}>
        <TabsList mb="md" aria-label="View of the policy">
          <TabsTab value="form">Form</TabsTab>
          <TabsTab value="text">YAML text</TabsTab>
        </TabsList>
        <TabsPanel value="form">
          <PolicyForm text={text} onText={setText} settings={settings} condition={condition} />
        </TabsPanel>
        <TabsPanel value="text">
          <PolicyTextArea text={text} onText={setText} faults={faults} />
        </TabsPanel>
      </Tabs>
      <PolicyFaults faults={faults} />
      <FaultAlert fault={fault} />
      {preview?.of === text ? <PolicyImpact preview={preview.found} /> : null}
      <Group>
        <Button variant="default" disabled={busy || !checked || faults.length > 0} onClick={() => void show()}>
          Show the impact
        </Button>
        <Button loading={busy} disabled={!checked || faults.length > 0} onClick={() => void stage()}>
          Put forward for approval
        </Button>
        <Text size="sm" c="dimmed" aria-live="polite">
          {!checked ? 'Checking…' : faults.length === 0 ? 'The policy is valid.' : `${faults.length} to put right first.`}
        </Text>
      </Group>
    </Stack>
  )
}
