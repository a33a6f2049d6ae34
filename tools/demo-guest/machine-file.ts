// SPDX-License-Identifier: Apache-2.0

/** The authored machine of the demo, in the form that the console's command line takes in. Both engines have every device of it. */
export const MACHINE_FILE = `firmware: bios
chipset: i440fx
cpus: 1
memoryMiB: 128
video: std
network:
  model: ne2k_pci
disks:
  system:
    controller: ide
  user:
    controller: ide
`
