// SPDX-License-Identifier: Apache-2.0
//
// PO-22: another value of one setting, for one device and a time. A closed list: only what shuts a door of the guest can be excepted,
// never what proves a person or a package.
import { z } from 'zod'
import { joinNetworks } from './network-rules.ts'
import type { NetworkSetting } from './network-setting.ts'
import type { Setting } from './setting.ts'
import { deviceSettings } from './settings/devices.ts'
import { networkSettings } from './settings/network.ts'
import { sessionSettings } from './settings/session.ts'
import { sharingSettings } from './settings/sharing.ts'

const settings = {
  network: networkSettings.network,
  'serial-port': deviceSettings['serial-port'],
  'clipboard-to-guest': sharingSettings['clipboard-to-guest'],
  'clipboard-from-guest': sharingSettings['clipboard-from-guest'],
  exit: sessionSettings.exit,
}

export type ExceptionName = keyof typeof settings
type ExceptionOf<N extends ExceptionName> = (typeof settings)[N] extends Setting<infer V> ? { readonly setting: N; readonly value: V } : never
/** A setting of the closed list with a value of it. */
export type Exception = { readonly [N in ExceptionName]: ExceptionOf<N> }[ExceptionName]

const entry = <N extends ExceptionName, V>(name: N, { value }: Pick<Setting<V>, 'value'>) =>
  z.strictObject({ setting: z.literal(name).describe('Name of the setting'), value: value.describe('A value of that setting') })

function deniesNothing(network: NetworkSetting): boolean {
  return (
    network.mode === 'none' ||
    network.mode === 'isolated' ||
    (network.deny ?? ('denyDomains' in network ? network.denyDomains : undefined)) === undefined
  )
}

function isNotIsolated({ mode }: NetworkSetting): boolean {
  return mode !== 'isolated'
}

export const exception = z.discriminatedUnion('setting', [
  entry('network', {
    value: settings.network.value
      .refine(deniesNothing, 'expected nothing to be denied: what policies deny stays denied')
      .refine(isNotIsolated, 'expected servers: no exception moves a desktop to an isolated network'),
  }),
  entry('serial-port', settings['serial-port']),
  entry('clipboard-to-guest', settings['clipboard-to-guest']),
  entry('clipboard-from-guest', settings['clipboard-from-guest']),
  entry('exit', settings.exit),
])

type ExceptionValues = { readonly [N in ExceptionName]: ExceptionOf<N>['value'] }

/** The value that a device has without any exception. */
export function presentValue(values: ExceptionValues, name: ExceptionName): Exception {
  switch (name) {
    case 'network':
      return { setting: name, value: values[name] }
    case 'serial-port':
      return { setting: name, value: values[name] }
    case 'clipboard-to-guest':
    case 'clipboard-from-guest':
      return { setting: name, value: values[name] }
    case 'exit':
      return { setting: name, value: values[name] }
  }
}

/** What both allow of one setting, in normal form; undefined: they are of two settings. @throws PolicyError `network-rules-too-many` */
export function meetExceptions(one: Exception, other: Exception): Exception | undefined {
  switch (one.setting) {
    case 'network':
      return other.setting === one.setting ? { setting: one.setting, value: settings.network.meet(one.value, other.value) } : undefined
    case 'serial-port':
      return other.setting === one.setting ? { setting: one.setting, value: settings['serial-port'].meet(one.value, other.value) } : undefined
    case 'clipboard-to-guest':
    case 'clipboard-from-guest':
      return other.setting === one.setting ? { setting: one.setting, value: settings[one.setting].meet(one.value, other.value) } : undefined
    case 'exit':
      return other.setting === one.setting ? { setting: one.setting, value: settings.exit.meet(one.value, other.value) } : undefined
  }
}

/** Whether `one` allows nothing that `other` does not; so never of two settings. @throws PolicyError `network-rules-too-many` */
export function isWithin(one: Exception, other: Exception): boolean {
  const met = meetExceptions(one, other)
  return met !== undefined && JSON.stringify(met) === JSON.stringify(meetExceptions(one, one))
}

/**
 * All that the granted value allows besides the present one, so that no exception takes anything away; what policies deny stays denied, and
 * who is on an isolated network stays there.
 * @param present of the same setting. @throws PolicyError `network-rules-too-many`
 */
export function joinExceptions(present: Exception, granted: Exception): Exception {
  if (isWithin(granted, present)) return present
  if (present.setting !== 'network' || granted.setting !== 'network') return granted
  const value = joinNetworks(present.value, granted.value)
  return value === undefined ? present : { setting: 'network', value }
}

/** In the order of the closed list. */
export function compareExceptions(one: Exception, other: Exception): number {
  return exceptionNames.indexOf(one.setting) - exceptionNames.indexOf(other.setting)
}

const exceptionNames = Object.keys(settings)

export function exceptionWords(one: Exception): string {
  return `${one.setting} ${valueWords(one)}`
}

function valueWords(one: Exception): string {
  switch (one.setting) {
    case 'network':
      return settings.network.words(one.value)
    case 'serial-port':
      return settings['serial-port'].words(one.value)
    case 'clipboard-to-guest':
    case 'clipboard-from-guest':
      return settings[one.setting].words(one.value)
    case 'exit':
      return settings.exit.words(one.value)
  }
}
