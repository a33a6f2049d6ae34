// SPDX-License-Identifier: Apache-2.0

interface Wanted {
  readonly desktops: readonly {
    readonly desktop: string
    readonly wanted: number
    readonly instances: readonly { readonly applied: number | null }[]
  }[]
}

/** `office 3 / 2, demo 1 / not activated` */
export function releaseWords({ desktops }: Wanted): string {
  if (desktops.length === 0) return 'none assigned'
  return desktops
    .map(({ desktop, wanted, instances }) => {
      const applied = instances.map((instance) => instance.applied ?? 'not reported').join(', ')
      return `${desktop} ${wanted} / ${applied === '' ? 'not activated' : applied}`
    })
    .join('; ')
}

/** Some instance has said that it runs an older release than the wanted one. */
export function isBehind({ desktops }: Wanted): boolean {
  return desktops.some(({ wanted, instances }) => instances.some(({ applied }) => applied !== null && applied < wanted))
}
