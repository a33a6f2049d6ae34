// SPDX-License-Identifier: Apache-2.0

export interface ShownHardware {
  readonly cpus: number
  readonly memoryMiB: number
  readonly network: { readonly model: string } | null
}

/** `1 processor, 256 MiB, network card e1000` */
export function hardwareWords({ cpus, memoryMiB, network }: ShownHardware): string {
  const processors = cpus === 1 ? '1 processor' : `${cpus} processors`
  return `${processors}, ${memoryMiB} MiB, ${network === null ? 'no network card' : `network card ${network.model}`}`
}
