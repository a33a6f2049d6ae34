// SPDX-License-Identifier: Apache-2.0

export interface ShownHardware {
  readonly cpus: number
  readonly memoryMiB: number
  readonly firmware: 'bios' | 'uefi'
  readonly chipset: string
  readonly network: { readonly model: string } | null
  readonly usb?: string
  readonly tpm?: string
  readonly agent?: true
}

/** `1 processor, 256 MiB, network card e1000`; firmware, chipset and more only where they are not the usual ones. */
export function hardwareWords({ cpus, memoryMiB, firmware, chipset, network, usb, tpm, agent }: ShownHardware): string {
  const words = [
    cpus === 1 ? '1 processor' : `${cpus} processors`,
    `${memoryMiB} MiB`,
    network === null ? 'no network card' : `network card ${network.model}`,
    firmware === 'uefi' ? ['UEFI'] : [],
    chipset === 'i440fx' ? [] : chipset,
    usb === undefined ? [] : `USB ${usb}`,
    tpm === undefined ? [] : `TPM ${tpm}`,
    agent === undefined ? [] : 'guest agent',
  ]
  return words.flat().join(', ')
}
