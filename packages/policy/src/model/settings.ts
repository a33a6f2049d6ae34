// SPDX-License-Identifier: Apache-2.0
//
// The catalogue: every setting that a policy may hold, defined once. Parser, JSON Schema, forms, merge, decisions and explanations
// come from here. What is not here cannot be set: resources are always verified (PO-7) and a clock that ran back always refuses (PO-8).
import type { z } from 'zod'
import type { Setting } from './setting.ts'
import { accessSettings } from './settings/access.ts'
import { administratorSettings } from './settings/administrator.ts'
import { deviceSettings } from './settings/devices.ts'
import { guestSettings } from './settings/guest.ts'
import { hostSettings } from './settings/host.ts'
import { machineSettings } from './settings/machine.ts'
import { networkSettings } from './settings/network.ts'
import { overrideSettings } from './settings/overrides.ts'
import { postureSettings } from './settings/posture.ts'
import { sessionSettings } from './settings/session.ts'
import { sharingSettings } from './settings/sharing.ts'
import { timeSettings } from './settings/time.ts'
import { zoneSettings } from './settings/zones.ts'

const settings = {
  ...accessSettings,
  ...timeSettings,
  ...zoneSettings,
  ...networkSettings,
  ...postureSettings,
  ...deviceSettings,
  ...sharingSettings,
  ...sessionSettings,
  ...machineSettings,
  ...guestSettings,
  ...administratorSettings,
  ...overrideSettings,
  ...hostSettings,
}

export type SettingName = keyof typeof settings
export type SettingValues = { readonly [N in SettingName]: (typeof settings)[N] extends Setting<infer V> ? V : never }

/** The catalogue, typed so that a name and its value go together in generic code. */
export const catalogue: { readonly [N in SettingName]: Setting<SettingValues[N]> } = settings

/** In the order of the catalogue, which is that of its rows. */
export const settingNames = Object.keys(settings).filter((name): name is SettingName => Object.hasOwn(settings, name))

/** Those of which some value needs something of an engine. */
export const demandingSettings = settingNames.filter((name) => catalogue[name].needs !== null)

/** One entry a setting, in the order of the catalogue. */
export function bySetting<T extends { readonly [N in SettingName]: unknown }>(make: <N extends SettingName>(name: N) => T[N]): T {
  const made: Made<T> = {}
  for (const name of settingNames) put(made, name, make(name))
  // Spread, an object that grew by forty names becomes one that is fast to read and to copy.
  const whole = { ...made }
  if (!isWhole<T>(whole)) throw new Error('a setting was left out')
  return whole
}

/**
 * As {@link bySetting}, for schemas, whose types the compiler cannot follow from the setting's name through a loop: that each is of its
 * setting is the word of `make`.
 */
export function schemasBySetting<T extends { readonly [N in SettingName]: z.ZodType }>(make: (name: SettingName) => z.ZodType): T {
  const made = bySetting<{ readonly [N in SettingName]: z.ZodType }>(make)
  if (!isWhole<T>(made)) throw new Error('a setting was left out')
  return made
}

type Made<T extends { readonly [N in SettingName]: unknown }> = { -readonly [N in SettingName]?: T[N] }

function put<T extends { readonly [N in SettingName]: unknown }, N extends SettingName>(made: Made<T>, name: N, one: T[N]): void {
  made[name] = one
}

function isWhole<T extends { readonly [N in SettingName]: unknown }>(made: { readonly [N in SettingName]?: unknown }): made is T {
  return settingNames.every((name) => Object.hasOwn(made, name))
}

/** Where no rule sets anything. */
export const defaultValues: SettingValues = bySetting<SettingValues>((name) => catalogue[name].default)
