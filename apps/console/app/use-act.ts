'use client'
// SPDX-License-Identifier: Apache-2.0
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { CallError } from './console-call.ts'
import type { Fault } from './parts/fault.tsx'

/** One act at a time: whether it runs, what it was refused with. After it the page's data are read again. */
export function useAct() {
  const router = useRouter()
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<Fault | null>(null)
  /** @returns whether it succeeded. */
  const act = async (work: () => Promise<void>): Promise<boolean> => {
    setBusy(true)
    setFault(null)
    try {
      await work()
      router.refresh()
      return true
    } catch (error) {
      setFault(faultOf(error))
      return false
    } finally {
      setBusy(false)
    }
  }
  return { busy, fault, setFault, act }
}

function faultOf(error: unknown): Fault {
  if (error instanceof CallError) return { code: error.code, message: error.message }
  return { code: 'unexpected', message: error instanceof Error ? error.message : String(error) }
}
