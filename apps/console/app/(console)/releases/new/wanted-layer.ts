// SPDX-License-Identifier: Apache-2.0
import type { RequestOf } from '../../../../web-door/door.ts'

export interface Versioned {
  readonly name: string
  readonly version: string
}

export const layerKinds = ['organisation', 'group', 'user', 'device'] as const

/** A layer while it is typed. */
export interface WantedLayer {
  /** For React. */
  readonly key: string
  readonly layer: (typeof layerKinds)[number]
  /** Name of the group, user or device; of a device's tag with `tag:` before it. */
  readonly who: string
  readonly policy: string
}

export const versionedText = ({ name, version }: Versioned): string => `${name} ${version}`

export function nameAndVersion(text: string): Versioned {
  const [name = '', version = ''] = text.split(' ')
  return { name, version }
}

export const emptyLayer = (policy: Versioned): WantedLayer => ({
  key: crypto.randomUUID(),
  layer: 'organisation',
  who: '',
  policy: versionedText(policy),
})

export function layerOf({ layer, who, policy }: WantedLayer): RequestOf<'stage-release'>['layers'][number] {
  return { layer, selector: selectorOf(layer, who.trim()), ...nameAndVersion(policy) }
}

function selectorOf(layer: WantedLayer['layer'], who: string): Record<string, string> | null {
  if (layer === 'organisation') return null
  if (layer !== 'device') return { [layer]: who }
  return who.startsWith('tag:') ? { tag: who.slice('tag:'.length).trim() } : { device: who }
}
