'use client'
// SPDX-License-Identifier: Apache-2.0
import { Autocomplete, Button, Group, NativeSelect, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import type { ResultOf } from '../../../../web-door/door.ts'
import { callConsole } from '../../../console-call.ts'
import { FaultAlert } from '../../../parts/fault.tsx'
import { Surface } from '../../../parts/surface.tsx'
import { useAct } from '../../../use-act.ts'
import { Impact } from '../impact.tsx'
import { suggested, updateOf } from '../typed-update.ts'
import { UpdateFields } from '../update-fields.tsx'
import { LayerFields } from './layer-fields.tsx'
import { emptyLayer, layerOf, nameAndVersion, type Versioned, versionedText, type WantedLayer } from './wanted-layer.ts'

export interface ReleaseFormProps {
  /** Published ones. */
  readonly packages: readonly Versioned[]
  readonly policies: readonly Versioned[]
  readonly desktops: readonly { readonly name: string; readonly title: string }[]
  readonly desktop: string
}

/** Choose, see what it would change, put forward: only what was previewed as it stands can be. */
export function ReleaseForm({ packages, policies, desktops, desktop: first }: ReleaseFormProps) {
  const titleOf = (name: string) => desktops.find((one) => one.name === name)?.title ?? ''
  const [desktop, setDesktop] = useState(first)
  const [title, setTitle] = useState(titleOf(first))
  const [sealed, setSealed] = useState(packages[0] === undefined ? '' : versionedText(packages[0]))
  const [layers, setLayers] = useState<readonly WantedLayer[]>(policies[0] === undefined ? [] : [emptyLayer(policies[0])])
  const [update, setUpdate] = useState(suggested)
  const [preview, setPreview] = useState<{ readonly of: string; readonly impact: ResultOf<'preview-release'> } | null>(null)
  const { busy, fault, act } = useAct()
  const router = useRouter()
  const wanted = { desktop, title, package: nameAndVersion(sealed), layers: layers.map(layerOf), ...updateOf(update) }
  const current = preview?.of === JSON.stringify(wanted) ? preview.impact : null

  const show = (event: FormEvent) => {
    event.preventDefault()
    return act(async () => setPreview({ of: JSON.stringify(wanted), impact: await callConsole('preview-release', wanted) }))
  }
  const stage = () =>
    act(async () => {
      await callConsole('stage-release', wanted)
      router.push('/approvals')
    })
  return (
    <form onSubmit={(event) => void show(event)}>
      <Surface title="Desktop">
        <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
          <Autocomplete
            {...{
              label: 'Desktop',
              description: 'A known one, or a new name',
              required: true,
              value: desktop,
              data: desktops.map(({ name }) => name),
            }}
            onChange={(name) => {
              setDesktop(name)
              if (titleOf(name) !== '') setTitle(titleOf(name))
            }}
          />
          <TextInput
            label="Title"
            description="What people see in the launcher"
            required
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
          <NativeSelect
            {...{ label: 'Package', description: 'Published ones', value: sealed, data: packages.map(versionedText) }}
            onChange={(event) => setSealed(event.currentTarget.value)}
          />
        </SimpleGrid>
      </Surface>
      <Surface title="Policy layers" about="Nearer layers may tighten; they loosen only what no layer before them has locked.">
        <LayerFields layers={layers} policies={policies} onLayers={setLayers} />
      </Surface>
      <Surface title="Update" about="How devices come from the release before to this one.">
        <UpdateFields update={update} onUpdate={setUpdate} />
      </Surface>
      {current === null ? null : <Impact impact={current} />}
      <Stack gap="sm">
        <FaultAlert fault={fault} />
        <Group>
          <Button type="submit" variant={current === null ? 'filled' : 'default'} loading={busy && current === null}>
            Show the impact
          </Button>
          <Button disabled={current === null} loading={busy && current !== null} onClick={() => void stage()}>
            Put forward for approval
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
