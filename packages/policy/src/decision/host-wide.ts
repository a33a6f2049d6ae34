// SPDX-License-Identifier: Apache-2.0
//
// PO-23: several organisations on one host. Each desktop keeps its own policy; only what holds for the whole host is put together here,
// and whose rule it is stays known.
import { z } from 'zod'
import { hostDesktops, letsRun, meetHostDesktops } from '../model/host-desktops.ts'
import { slug } from '../model/names.ts'
import type { SettingValues } from '../model/settings.ts'

/** What the approved policies of one organisation ask of the whole host. */
export const hostRules = z.strictObject({ organisation: slug, values: z.strictObject({ 'host-desktops': hostDesktops }) })

export type HostRules = z.infer<typeof hostRules>

export interface HostWide {
  readonly 'host-desktops': {
    readonly value: HostRules['values']['host-desktops']
    /** Organisations without whose rule more could run; where several say the same, each of them. Empty: nobody's rule. */
    readonly from: readonly string[]
  }
}

/** The strictest of all, in whatever order they come. */
export function mergeHostWide(all: readonly HostRules[]): HostWide {
  const organisations = [...new Set(all.map(({ organisation }) => organisation))].sort()
  const value = meetOf(all)
  const decisive = organisations.filter((name) => !same(meetOf(all.filter(({ organisation }) => organisation !== name)), value))
  const alike = organisations.filter((name) => value.mode !== 'any' && same(meetOf(all.filter(({ organisation }) => organisation === name)), value))
  return { 'host-desktops': { value, from: decisive.length > 0 ? decisive : alike } }
}

/** The organisation, first by name, that does not let the desktop run on this host; undefined where all let it. */
export function refusedBy(
  all: readonly { readonly organisation: string; readonly values: Pick<SettingValues, 'host-desktops'> }[],
  wanted: { readonly organisation: string; readonly desktop: string },
): string | undefined {
  let first: string | undefined
  for (const { organisation, values } of all) {
    if (!letsRun(values['host-desktops'], wanted) && (first === undefined || organisation < first)) first = organisation
  }
  return first
}

function meetOf(all: readonly HostRules[]): HostRules['values']['host-desktops'] {
  return all.map(({ values }) => values['host-desktops']).reduce(meetHostDesktops, { mode: 'any' })
}

/** Values in normal form have one spelling each. */
function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
