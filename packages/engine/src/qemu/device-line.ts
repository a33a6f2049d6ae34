// SPDX-License-Identifier: Apache-2.0
//
// The arguments of controllers, screens and all of `DeviceSpec`. Each PCI device has an address of its own, so that no other device moves it.
import type { DeviceSpec } from '../device-spec.ts'
import type { VmSpec } from '../virtual-machine.ts'
import { descriptors, inside } from './layout.ts'

const usbDrivers = { uhci: 'piix3-usb-uhci', ohci: 'pci-ohci', ehci: 'usb-ehci', xhci: 'qemu-xhci' } as const
const videoDevices = {
  std: 'VGA,addr=0x2,vgamem_mb=16',
  vmware: 'vmware-svga,addr=0x2,vgamem_mb=16',
  virtio: 'virtio-vga,addr=0x2',
} as const

export function videoDevice(video: VmSpec['video']): string {
  return videoDevices[video]
}

/** Beyond those that the chipset has. */
export function controllers({ disks, chipset, devices }: VmSpec): string[] {
  const has = (controller: string): boolean => disks.some((disk) => disk.controller === controller)
  return [
    ...(has('scsi') ? ['-device', 'lsi53c895a,id=scsi,addr=0x4'] : []),
    ...(has('sata') && chipset === 'i440fx' ? ['-device', 'ich9-ahci,id=sata,addr=0x5'] : []),
    ...(devices?.drives?.includes('floppy') && chipset === 'q35' ? ['-device', 'isa-fdc'] : []),
  ]
}

export function deviceArguments({ balloon, usb, parallel, sound, watchdog, panic, tpm, agent }: DeviceSpec): string[] {
  return [
    ...(balloon ? ['-device', 'virtio-balloon-pci,id=balloon,addr=0x6'] : []),
    ...(usb === undefined ? [] : ['-device', `${usbDrivers[usb]},id=usb,addr=0x7`, '-device', 'usb-tablet,id=tablet,bus=usb.0,port=1']),
    ...(sound === undefined ? [] : ['-audiodev', 'none,id=sound', ...soundDevices(sound)]),
    ...(parallel === undefined ? [] : ['-chardev', `socket,id=parallel,fd=${descriptors.parallel}`, '-device', 'isa-parallel,chardev=parallel']),
    ...(watchdog ? ['-device', 'i6300esb,addr=0x9', '-action', 'watchdog=none'] : []),
    ...(panic ? ['-device', 'pvpanic', '-action', 'panic=none'] : []),
    ...(tpm === undefined ? [] : tpmDevice),
    ...(agent ? agentPort : []),
  ]
}

function soundDevices(sound: NonNullable<DeviceSpec['sound']>): string[] {
  if (sound === 'sb16') return ['-device', 'sb16,audiodev=sound']
  if (sound === 'ac97') return ['-device', 'AC97,audiodev=sound,addr=0x8']
  return ['-device', 'intel-hda,id=hda,addr=0x8', '-device', 'hda-output,audiodev=sound,bus=hda.0']
}

const tpmDevice: readonly string[] = [
  ...['-chardev', `socket,id=tpm,path=${inside.tpm}`, '-tpmdev', 'emulator,id=tpm,chardev=tpm', '-device', 'tpm-crb,tpmdev=tpm'],
]

const agentPort: readonly string[] = [
  ...['-chardev', `socket,id=agent,fd=${descriptors.agent}`, '-device', 'virtio-serial-pci,id=ports,addr=0xa'],
  ...['-device', 'virtserialport,bus=ports.0,nr=1,chardev=agent,name=org.qemu.guest_agent.0'],
]
