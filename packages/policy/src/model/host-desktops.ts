// SPDX-License-Identifier: Apache-2.0
//
// PO-23: which desktops of which organisations may run on a host.
import { z } from 'zod'
import { slug } from './names.ts'

const entry = z.strictObject({
  organisation: slug.describe('As devices know it since their enrolment'),
  desktop: slug.nullable().describe('Null: all desktops of that organisation'),
})

export const hostDesktops = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('any') }),
  z.strictObject({
    mode: z.literal('listed'),
    desktops: z.array(entry).max(1000).describe('Whatever is not listed does not run; an empty list lets nothing run'),
  }),
])

export type HostDesktops = z.infer<typeof hostDesktops>
type Entry = z.infer<typeof entry>

/** What both let run. Normal form: sorted, without what another entry includes. */
export function meetHostDesktops(one: HostDesktops, other: HostDesktops): HostDesktops {
  if (one.mode === 'any') return other.mode === 'any' ? one : { mode: 'listed', desktops: normal(other.desktops) }
  if (other.mode === 'any') return { mode: 'listed', desktops: normal(one.desktops) }
  const shared = [one, other].flatMap((left, index) => {
    const right = index === 0 ? other.desktops : one.desktops
    return left.desktops.filter((wanted) => right.some((wider) => includes(wider, wanted)))
  })
  return { mode: 'listed', desktops: normal(shared) }
}

export function letsRun(desktops: HostDesktops, wanted: { readonly organisation: string; readonly desktop: string }): boolean {
  return desktops.mode === 'any' || desktops.desktops.some((listed) => includes(listed, wanted))
}

export function hostDesktopWords(desktops: HostDesktops): string {
  if (desktops.mode === 'any') return 'any desktop of any organisation'
  return desktops.desktops.map(({ organisation, desktop }) => `${organisation}/${desktop ?? '*'}`).join(', ') || 'no desktop'
}

function includes(wider: Entry, narrower: Entry): boolean {
  return wider.organisation === narrower.organisation && (wider.desktop === null || wider.desktop === narrower.desktop)
}

function normal(desktops: readonly Entry[]): Entry[] {
  const distinct = [...new Map(desktops.map((listed) => [nameOf(listed), listed])).values()]
  const needed = distinct.filter((listed) => !distinct.some((wider) => wider !== listed && includes(wider, listed)))
  return needed.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

/** No slug holds a blank or a `*`. */
function nameOf({ organisation, desktop }: Entry): string {
  return `${organisation} ${desktop ?? '*'}`
}
