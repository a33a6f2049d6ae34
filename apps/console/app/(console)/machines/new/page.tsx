// SPDX-License-Identifier: Apache-2.0
import { PageHead } from '../../../parts/page-head.tsx'
import { showPage } from '../../../show-page.tsx'
import { MachineForm } from './machine-form.tsx'

export default function NewMachinePage() {
  return showPage(async () => (
    <>
      <PageHead
        title="New machine"
        about="Disk images that boot by the chosen firmware: raw (also .gz, .xz, .zst), qcow2, VMDK, VDI, VHD or VHDX. The upload can be interrupted and goes on."
        up={{ href: '/machines', label: 'Machines' }}
      />
      <MachineForm />
    </>
  ))
}
