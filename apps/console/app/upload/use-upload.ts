'use client'
// SPDX-License-Identifier: Apache-2.0
import { useRouter } from 'next/navigation'
import { useEffect, useRef, useState } from 'react'
import { Pace } from '../../src/jobs/pace.ts'
import { chosenFiles } from '../(console)/machines/chosen-files.ts'
import type { Fault } from '../parts/fault.tsx'
import { browserWorld } from './browser-world.ts'
import { UploadError, uploadByTus } from './tus-client.ts'

export interface WantedUpload {
  readonly machine: string
  readonly disk: string
  readonly sizeBytes: number
  /** Some of it is still missing. */
  readonly open: boolean
}

export interface UploadProgress {
  /** Bytes. */
  readonly sent: number
  /** Bytes a second; null: not known yet. */
  readonly rate: number | null
  /** Seconds; null: not known. */
  readonly left: number | null
}

/** The upload of one disk: how far it is, what stopped it. */
export function useUpload({ machine, disk, sizeBytes, open }: WantedUpload) {
  const router = useRouter()
  const [running, setRunning] = useState(false)
  const [progress, setProgress] = useState<UploadProgress>({ sent: 0, rate: null, left: null })
  const [fault, setFault] = useState<Fault | null>(null)
  const control = useRef<AbortController | null>(null)

  const start = async (file: File): Promise<void> => {
    if (control.current !== null) return
    if (file.size !== sizeBytes) {
      setFault({ code: 'file-differs', message: `expected the file of ${sizeBytes} bytes with which this disk was made, found ${file.size}` })
      return
    }
    const controller = new AbortController()
    control.current = controller
    setRunning(true)
    setFault(null)
    let pace: Pace | null = null
    const onProgress = (done: number): void => {
      const mark = { at: performance.now(), done }
      pace ??= new Pace(mark)
      pace.note(mark)
      setProgress({ sent: done, rate: pace.bytesPerSecond, left: pace.secondsLeft(sizeBytes) })
    }
    try {
      await uploadByTus(
        {
          ...{ endpoint: '/upload/', file, metadata: { machine, disk }, onProgress, signal: controller.signal },
          key: `${machine}/${disk} ${file.name} ${file.size} ${file.lastModified}`,
        },
        browserWorld,
      )
      router.refresh()
    } catch (error) {
      if (!controller.signal.aborted) setFault(faultOf(error))
    } finally {
      control.current = null
      setRunning(false)
    }
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, with the file that was chosen when the machine was made
  useEffect(() => {
    const file = open ? chosenFiles.take(machine, disk) : null
    if (file !== null) void start(file)
  }, [])
  return { running, progress, fault, start: (file: File) => void start(file), stop: () => control.current?.abort(new Error('paused')) }
}

function faultOf(error: unknown): Fault {
  if (error instanceof UploadError) return { code: error.code, message: error.message }
  return { code: 'unexpected', message: error instanceof Error ? error.message : String(error) }
}
