// SPDX-License-Identifier: Apache-2.0

/** `machine.yaml` of one disk, which every engine can run. */
export const smallMachine = `firmware: bios
chipset: i440fx
cpus: 1
memoryMiB: 128
video: std
network: {model: ne2k_pci}
disks:
  system: {controller: ide}
`
