'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, NativeSelect, NumberInput, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useRouter } from 'next/navigation'
import { callConsole } from '../../../console-call.ts'
import { FaultAlert } from '../../../parts/fault.tsx'
import { Surface } from '../../../parts/surface.tsx'
import { useAct } from '../../../use-act.ts'
import { chosenFiles } from '../chosen-files.ts'
import { DiskFields, emptyDisk, type WantedDisk } from './disk-fields.tsx'

const networkCards = [
  { value: '', label: 'None' },
  { value: 'e1000', label: 'Intel e1000' },
  { value: 'rtl8139', label: 'Realtek rtl8139' },
  { value: 'ne2k_pci', label: 'NE2000 (also on v86)' },
  { value: 'virtio', label: 'virtio' },
] as const

type NetworkCard = (typeof networkCards)[number]['value']

interface Wanted {
  readonly name: string
  readonly memoryMiB: number
  readonly cpus: number
  readonly network: NetworkCard
  readonly disks: WantedDisk[]
}

export function MachineForm() {
  const form = useForm<Wanted>({
    initialValues: { name: '', memoryMiB: 256, cpus: 1, network: 'ne2k_pci', disks: [emptyDisk('system', 'system')] },
    validate: {
      name: (name) => (/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/.test(name) ? null : 'Small letters, digits and hyphens, not at the ends'),
      disks: { file: (file) => (file === null ? 'Choose the disk’s image' : null) },
    },
  })
  const router = useRouter()
  const { busy, fault, act } = useAct()
  const create = form.onSubmit(({ name, memoryMiB, cpus, network, disks }) =>
    act(async () => {
      const card = network === '' ? null : { model: network }
      await callConsole('create-machine', {
        name,
        hardware: { firmware: 'bios', chipset: 'i440fx', cpus, memoryMiB, video: 'std', network: card },
        disks: disks.map((disk) => ({ name: disk.name, role: disk.role, sizeBytes: disk.file?.size ?? 0 })),
      })
      for (const disk of disks) if (disk.file !== null) chosenFiles.keep(name, disk.name, disk.file)
      router.push(`/machines/${name}`)
    }),
  )
  return (
    <form onSubmit={(event) => void create(event)}>
      <Surface title="Hardware">
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }} spacing="sm">
          <TextInput label="Name" required {...form.getInputProps('name')} />
          <NumberInput label="Memory, MiB" required min={16} max={1_048_576} allowDecimal={false} {...form.getInputProps('memoryMiB')} />
          <NumberInput label="Processors" required min={1} max={64} allowDecimal={false} {...form.getInputProps('cpus')} />
          <NativeSelect label="Network card" data={[...networkCards]} {...form.getInputProps('network')} />
        </SimpleGrid>
      </Surface>
      <Surface title="Disks" about="The first one boots. A user disk keeps its content when the machine is updated.">
        <Stack gap="md">
          {form.values.disks.map((disk, index) => (
            <DiskFields
              key={disk.key}
              disk={disk}
              fault={form.errors[`disks.${index}.file`]}
              first={index === 0}
              onChange={(next) => form.setFieldValue(`disks.${index}`, next)}
              onRemove={() => form.removeListItem('disks', index)}
            />
          ))}
          <Group>
            <Button
              variant="default"
              size="xs"
              onClick={() => form.insertListItem('disks', emptyDisk(`disk${form.values.disks.length + 1}`, 'user'))}
            >
              Add a disk
            </Button>
          </Group>
        </Stack>
      </Surface>
      <Stack gap="sm">
        <FaultAlert fault={fault} />
        <Group>
          <Button type="submit" loading={busy}>
            Create and upload
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
