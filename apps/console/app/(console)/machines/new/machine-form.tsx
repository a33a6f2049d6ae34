'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useRouter } from 'next/navigation'
import { callConsole } from '../../../console-call.ts'
import { FaultAlert } from '../../../parts/fault.tsx'
import { Surface } from '../../../parts/surface.tsx'
import { useAct } from '../../../use-act.ts'
import { chosenFiles } from '../chosen-files.ts'
import { DiskFields, emptyDisk, type WantedDisk } from './disk-fields.tsx'
import { HardwareFields, hardwareOf, leastHardware, type WantedHardware } from './hardware-fields.tsx'

interface Wanted extends WantedHardware {
  readonly name: string
  readonly disks: WantedDisk[]
}

export function MachineForm() {
  const form = useForm<Wanted>({
    initialValues: { name: '', ...leastHardware, disks: [emptyDisk('system', 'system')] },
    validate: {
      name: (name) => (/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/.test(name) ? null : 'Small letters, digits and hyphens, not at the ends'),
      disks: { file: (file) => (file === null ? 'Choose the disk’s image' : null) },
    },
  })
  const router = useRouter()
  const { busy, fault, act } = useAct()
  const create = form.onSubmit(({ name, disks, ...hardware }) =>
    act(async () => {
      await callConsole('create-machine', {
        name,
        hardware: hardwareOf(hardware),
        disks: disks.map((disk) => ({ name: disk.name, role: disk.role, sizeBytes: disk.file?.size ?? 0 })),
      })
      for (const disk of disks) if (disk.file !== null) chosenFiles.keep(name, disk.name, disk.file)
      router.push(`/machines/${name}`)
    }),
  )
  return (
    <form onSubmit={(event) => void create(event)}>
      <Surface
        title="Hardware"
        about="The engine v86 has one processor, BIOS, i440fx and standard VGA; whatever else is chosen needs QEMU on each device."
      >
        <Stack gap="md">
          <TextInput label="Name" required {...form.getInputProps('name')} style={{ maxWidth: '24rem' }} />
          <HardwareFields input={(name, kind) => form.getInputProps(name, { type: kind ?? 'input' })} />
        </Stack>
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
