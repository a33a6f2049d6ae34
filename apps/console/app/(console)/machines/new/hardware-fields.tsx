'use client'
// SPDX-License-Identifier: Apache-2.0
import { Checkbox, Group, NativeSelect, NumberInput, SimpleGrid, Stack } from '@mantine/core'

const choices = {
  network: [
    { value: '', label: 'None' },
    { value: 'e1000', label: 'Intel e1000' },
    { value: 'rtl8139', label: 'Realtek rtl8139' },
    { value: 'pcnet', label: 'AMD PCnet' },
    { value: 'ne2k_pci', label: 'NE2000 (also on v86)' },
    { value: 'virtio', label: 'virtio' },
  ],
  firmware: [
    { value: 'bios', label: 'BIOS' },
    { value: 'uefi', label: 'UEFI' },
  ],
  chipset: [
    { value: 'i440fx', label: 'i440fx, disks on IDE' },
    { value: 'q35', label: 'q35, disks on SATA' },
  ],
  video: [
    { value: 'std', label: 'Standard VGA' },
    { value: 'vmware', label: 'VMware SVGA' },
    { value: 'virtio', label: 'virtio' },
  ],
  usb: [
    { value: '', label: 'None' },
    { value: 'uhci', label: 'USB 1 (UHCI)' },
    { value: 'ehci', label: 'USB 2 (EHCI)' },
    { value: 'xhci', label: 'USB 3 (xHCI)' },
  ],
} as const

const devices = [
  { name: 'tpm', label: 'TPM 2.0', about: 'One of each instance’s own, which updates leave alone' },
  { name: 'agent', label: 'Guest agent', about: 'For a clean shutdown, the clock, and to show system and addresses' },
  { name: 'watchdog', label: 'Watchdog', about: 'A guest that hangs is noted' },
  { name: 'panic', label: 'Panic device', about: 'A guest whose kernel panics is noted' },
] as const

type Choice<N extends keyof typeof choices> = (typeof choices)[N][number]['value']

export interface WantedHardware {
  readonly memoryMiB: number
  readonly cpus: number
  readonly network: Choice<'network'>
  readonly firmware: Choice<'firmware'>
  readonly chipset: Choice<'chipset'>
  readonly video: Choice<'video'>
  readonly usb: Choice<'usb'>
  readonly tpm: boolean
  readonly agent: boolean
  readonly watchdog: boolean
  readonly panic: boolean
}

/** Runs on both engines. */
export const leastHardware: WantedHardware = {
  ...{ memoryMiB: 256, cpus: 1, network: 'ne2k_pci', firmware: 'bios', chipset: 'i440fx', video: 'std', usb: '' },
  ...{ tpm: false, agent: false, watchdog: false, panic: false },
}

/** As a package names it. */
export function hardwareOf({ network, usb, tpm, agent, watchdog, panic, ...named }: WantedHardware) {
  return {
    ...named,
    network: network === '' ? null : { model: network },
    ...(usb === '' ? {} : { usb }),
    ...(tpm ? { tpm: '2.0' as const } : {}),
    ...(watchdog ? { watchdog } : {}),
    ...(panic ? { panic } : {}),
    ...(agent ? { agent } : {}),
  }
}

export interface HardwareFieldsProps {
  readonly input: (name: keyof WantedHardware, kind?: 'checkbox') => object
}

export function HardwareFields({ input }: HardwareFieldsProps) {
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }} spacing="sm">
        <NumberInput label="Memory, MiB" required min={16} max={1_048_576} allowDecimal={false} {...input('memoryMiB')} />
        <NumberInput label="Processors" required min={1} max={64} allowDecimal={false} {...input('cpus')} />
        <NativeSelect label="Network card" data={[...choices.network]} {...input('network')} />
        <NativeSelect label="Screen" data={[...choices.video]} {...input('video')} />
        <NativeSelect label="Firmware" data={[...choices.firmware]} {...input('firmware')} />
        <NativeSelect label="Chipset" data={[...choices.chipset]} {...input('chipset')} />
        <NativeSelect label="USB with a pointer" data={[...choices.usb]} {...input('usb')} />
      </SimpleGrid>
      <Group gap="lg" align="flex-start">
        {devices.map(({ name, label, about }) => (
          <Checkbox key={name} label={label} description={about} {...input(name, 'checkbox')} style={{ flex: '1 1 14rem' }} />
        ))}
      </Group>
    </Stack>
  )
}
