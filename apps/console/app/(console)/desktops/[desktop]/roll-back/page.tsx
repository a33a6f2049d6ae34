// SPDX-License-Identifier: Apache-2.0
import { FaultAlert } from '../../../../parts/fault.tsx'
import { PageHead } from '../../../../parts/page-head.tsx'
import { showPage } from '../../../../show-page.tsx'
import { Impact } from '../../../releases/impact.tsx'
import { packageWords } from '../../desktop-words.ts'
import { RollBackForm } from './roll-back-form.tsx'

export interface RollBackPageProps {
  readonly params: Promise<{ readonly desktop: string }>
  readonly searchParams: Promise<{ readonly to?: string }>
}

/** What a roll-back would change, before it is put forward. */
export default function RollBackPage({ params, searchParams }: RollBackPageProps) {
  return showPage(async (read) => {
    const [{ desktop }, { to: typed = '' }] = [await params, await searchParams]
    const up = { href: `/desktops/${encodeURIComponent(desktop)}`, label: 'Desktop' }
    if (!/^[1-9][0-9]{0,14}$/.test(typed)) {
      return (
        <>
          <PageHead title="Not found" up={up} />
          <FaultAlert fault={{ code: 'not-found', message: 'expected the serial of a release' }} />
        </>
      )
    }
    const to = Number(typed)
    const impact = await read('preview-roll-back', { desktop, to })
    const { releases } = await read('list-releases', { desktop })
    const former = releases.find(({ serial }) => serial === to)
    return (
      <>
        <PageHead
          title={`Roll back to release ${to}`}
          about={`${former === undefined ? 'Its package' : `Package ${packageWords(former.package)}`} and its policies go out again, as release ${impact.serial}. Devices take it like every release; none goes back to a lower serial.`}
          up={up}
        />
        <Impact impact={impact} />
        <RollBackForm desktop={desktop} to={to} />
      </>
    )
  })
}
