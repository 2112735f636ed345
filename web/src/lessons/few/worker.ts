/** Trains the student away from the page's own thread, and tells how it stands. */
import { NEWS, Student, type Told, TRAINING } from './few'

let student: Student | undefined

async function train(mine: Student, seed: number): Promise<void> {
  while (mine === student && mine.step < TRAINING) {
    for (let i = 0; i < NEWS; i++) mine.train()
    if (mine === student) self.postMessage({ seed, standing: mine.standing() } satisfies Told)
    await new Promise((resolve) => setTimeout(resolve)) // lets another word from the page in
  }
}

self.onmessage = ({ data: seed }: MessageEvent<number>) => {
  student = new Student(seed)
  void train(student, seed)
}
