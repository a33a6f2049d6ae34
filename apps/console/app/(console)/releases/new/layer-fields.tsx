'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { emptyLayer, layerKinds, type Versioned, versionedText, type WantedLayer } from './wanted-layer.ts'

export interface LayerFieldsProps {
  readonly layers: readonly WantedLayer[]
  readonly policies: readonly Versioned[]
  readonly onLayers: (layers: readonly WantedLayer[]) => void
}

const whoLabels = { organisation: '', group: 'Group', user: 'User', device: 'Device, or tag:name' } as const

export function LayerFields({ layers, policies, onLayers }: LayerFieldsProps) {
  const [newest] = policies
  const change = (key: string, part: Partial<WantedLayer>) => onLayers(layers.map((layer) => (layer.key === key ? { ...layer, ...part } : layer)))
  return (
    <Stack gap="sm">
      {layers.length === 0 ? (
        <Text size="sm" c="dimmed">
          No layer: every setting holds at its default, the strictest that still runs.
        </Text>
      ) : null}
      {layers.map(({ key, layer, who, policy }) => (
        <Group key={key} align="flex-end" gap="sm">
          <NativeSelect
            {...{ label: 'Layer', value: layer, data: [...layerKinds], style: { flex: '0 1 10rem' } }}
            onChange={({ currentTarget }) => change(key, { layer: layerKinds.find((kind) => kind === currentTarget.value) ?? 'organisation' })}
          />
          {layer === 'organisation' ? null : (
            <TextInput
              {...{ label: whoLabels[layer], required: true, value: who, style: { flex: '1 1 10rem' } }}
              onChange={(event) => change(key, { who: event.currentTarget.value })}
            />
          )}
          <NativeSelect
            {...{ label: 'Policy', value: policy, data: policies.map(versionedText), style: { flex: '1 1 10rem' } }}
            onChange={(event) => change(key, { policy: event.currentTarget.value })}
          />
          <Button variant="subtle" color="gray" onClick={() => onLayers(layers.filter((one) => one.key !== key))}>
            Remove
          </Button>
        </Group>
      ))}
      {newest === undefined ? (
        <Text size="sm" c="dimmed">
          No policy is published yet.
        </Text>
      ) : (
        <Group>
          <Button variant="default" size="xs" onClick={() => onLayers([...layers, emptyLayer(newest)])}>
            Add a layer
          </Button>
        </Group>
      )}
    </Stack>
  )
}
