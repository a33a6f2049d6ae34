// SPDX-License-Identifier: Apache-2.0
import { Stack } from '@mantine/core'
import { ConsoleJobs } from '../../../jobs/console-jobs.tsx'
import { isOpen, jobOfMachine } from '../../../jobs/job.ts'
import { FaultAlert } from '../../../parts/fault.tsx'
import { PageHead } from '../../../parts/page-head.tsx'
import { Refresh } from '../../../parts/refresh.tsx'
import { Surface } from '../../../parts/surface.tsx'
import { showPage } from '../../../show-page.tsx'
import { hardwareWords } from '../hardware-words.ts'
import { DeleteMachine } from './delete-machine.tsx'
import { DiskUpload } from './disk-upload.tsx'
import { SealForm } from './seal-form.tsx'

export default function MachinePage({ params }: { readonly params: Promise<{ readonly machine: string }> }) {
  return showPage(async (read) => {
    const { machine: name } = await params
    const [{ machines }, { jobs }] = [await read('list-machines', {}), await read('list-jobs', {})]
    const machine = machines.find((one) => one.name === name)
    if (machine === undefined) {
      return (
        <>
          <PageHead title="Not found" up={{ href: '/machines', label: 'Machines' }} />
          <FaultAlert fault={{ code: 'not-found', message: `there is no machine \`${name}\`` }} />
        </>
      )
    }
    const own = jobs.filter((job) => jobOfMachine(job) === name)
    const ready = machine.disks.every(({ state }) => state === 'ready')
    return (
      <>
        <Refresh every={own.some(isOpen) ? 1000 : 5000} />
        <PageHead title={machine.name} about={hardwareWords(machine.hardware)} up={{ href: '/machines', label: 'Machines' }}>
          <DeleteMachine machine={machine.name} />
        </PageHead>
        <Surface title="Disks" about="Choosing the same file again goes on where an upload stopped.">
          <Stack gap="md">
            {machine.disks.map((disk) => (
              <DiskUpload key={disk.name} machine={machine.name} disk={disk} />
            ))}
          </Stack>
        </Surface>
        <Surface title="Seal into a package" about="Cuts, compresses and encrypts the disks; the package then waits for approval.">
          <SealForm machine={machine.name} ready={ready} />
        </Surface>
        {own.length === 0 ? null : <ConsoleJobs jobs={own} />}
      </>
    )
  })
}
