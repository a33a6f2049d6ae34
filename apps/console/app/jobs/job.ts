// SPDX-License-Identifier: Apache-2.0

export interface ShownJob {
  readonly id: string
  readonly kind: string
  readonly state: string
  readonly progress: unknown
  readonly failure: string | null
  readonly createdAt: number
  readonly endedAt: number | null
  readonly request: unknown
}

export const isOpen = ({ state }: ShownJob): boolean => state === 'waiting' || state === 'running'

/** Machine that a job works on; null: none. */
export function jobOfMachine({ request }: ShownJob): string | null {
  const machine = memberOf(request, 'machine')
  return typeof machine === 'string' ? machine : null
}

/** `Seal demo 1` */
export function jobTitle({ kind, request }: ShownJob): string {
  const sealed = memberOf(request, 'package')
  const [name, version] = [memberOf(sealed, 'name'), memberOf(sealed, 'version')]
  const words = kind.replaceAll('-', ' ')
  const title = words.charAt(0).toUpperCase() + words.slice(1)
  return typeof name === 'string' && typeof version === 'string' ? `${title} ${name} ${version}` : title
}

/** Per cent; null: not known. */
export function jobPercent({ progress }: ShownJob): number | null {
  const [done, total] = [memberOf(progress, 'done'), memberOf(progress, 'total')]
  return typeof done === 'number' && typeof total === 'number' && total > 0 ? Math.min(100, (100 * done) / total) : null
}

function memberOf(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined
}
