// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'

const reasons = z.array(z.object({ code: z.string(), sentence: z.string() }))

/** Of one desktop, as the console answers it. */
export const desktopImpact = z.object({
  devices: z.array(z.object({ device: z.string(), name: z.string() })),
  impact: z.array(
    z.object({
      device: z.string(),
      changes: z.array(z.object({ setting: z.string(), before: z.string(), after: z.string(), direction: z.string(), details: z.array(z.string()) })),
      refused: z.object({ before: reasons, after: reasons }),
    }),
  ),
})

/** What each device gains or loses, and why one would be refused; how many notice nothing. */
export function impactLines({ devices, impact }: z.infer<typeof desktopImpact>): readonly string[] {
  const lines = impact.flatMap(({ device, changes, refused }) => [
    `${devices.find((one) => one.device === device)?.name ?? device} (${device})`,
    ...changes.flatMap(({ setting, before, after, direction, details }) => [
      `  ${direction} ${setting}: ${before} → ${after}`,
      ...details.map((detail) => `      ${detail}`),
    ]),
    ...refusalLines(refused),
  ])
  const untouched = devices.length - impact.length
  return [...lines, ...(untouched === 0 ? [] : [`${untouched} of ${devices.length} devices notice nothing`])]
}

function refusalLines({ before, after }: z.infer<typeof desktopImpact>['impact'][number]['refused']): readonly string[] {
  if (after.length === 0) return before.length === 0 ? [] : ['  is refused now, and would run']
  const words = before.length === 0 ? 'would be refused' : 'is refused, and would be'
  return after.map(({ code, sentence }) => `  ${words} (${code}): ${sentence}`)
}
