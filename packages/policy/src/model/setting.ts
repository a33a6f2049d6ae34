// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'

/** When a setting is looked at: before an installed desktop becomes an instance, before it starts, while it runs. */
export type CheckTime = 'activation' | 'power-on' | 'running'

/** What an engine must be able to do so that a setting is enforced; the names are those of the engine's capabilities. */
export const settingCapability = z.enum([
  'authentication:directory',
  'authentication:script',
  'clipboard:images',
  'disk:discard-changes',
  'drag-and-drop',
  'drive:cd-host',
  'drive:cd-image',
  'drive:floppy-host',
  'drive:floppy-image',
  'folders:read-only',
  'folders:read-write',
  'guest-info',
  'limit:disk-growth',
  'limit:disk-rate',
  'limit:network-rate',
  'limit:processor',
  'network:deny',
  'network:domain',
  'network:host-only',
  'network:isolated',
  'network:listed',
  're-authentication:idle',
  're-authentication:sleep',
  'parallel:captured',
  'printer:pdf-folder',
  'screen:full-screen',
  'screen:kiosk',
  'screen:screenshots',
  'screen:watermark',
  'scripts',
  'serial:captured',
  'snapshots',
  'sound:input',
  'sound:output',
  'suspend',
  'usb:redirect',
])
export type SettingCapability = z.infer<typeof settingCapability>

/** Everything that is known about one setting, once. */
export interface Setting<V> {
  /** Of the feature catalogue. */
  readonly row: `PO-${number}`
  readonly description: string
  /** Null: the values name themselves. */
  readonly unit: string | null
  readonly value: z.ZodType<V>
  /** Where no rule sets it: the strictest with which a desktop still runs and nothing else has to be set up. */
  readonly default: V
  /**
   * Across layers. `strictest`: all that apply meet. `nearest`: the nearest layer (organisation, group, user, device) replaces, unless
   * a layer before it is locked, under which it can only tighten. Within a layer all that apply meet, for both.
   */
  readonly merge: 'strictest' | 'nearest'
  /** The stricter of two, or what both allow: commutative, associative, and `meet(v, v)` is the normal form of `v`. */
  readonly meet: (one: V, other: V) => V
  readonly checked: readonly CheckTime[]
  /** What enforcing this value needs. */
  readonly capabilities: (value: V) => readonly SettingCapability[]
  /** The same in words; null where no value needs anything. */
  readonly needs: string | null
  /** A value in words, as the end of "…: ". */
  readonly words: (value: V) => string
}

/** Keeps the value's type where settings of many types stand in one catalogue. */
export function setting<S extends z.ZodType>(definition: Setting<z.infer<S>> & { readonly value: S }): Setting<z.infer<S>> {
  return definition
}

/** For a setting that needs nothing of an engine. */
export const none = (): readonly SettingCapability[] => []

/** The meet of a closed list, from loosest to strictest. */
export function stricterOf<V extends string>(loosestFirst: readonly V[]): (one: V, other: V) => V {
  return (one, other) => (loosestFirst.indexOf(one) >= loosestFirst.indexOf(other) ? one : other)
}

/** The smaller limit; null is no limit. */
export function lowerLimit(one: number | null, other: number | null): number | null {
  if (one === null) return other
  return other === null ? one : Math.min(one, other)
}
