/** All English words by their file: what a translation is laid over. */
export const english = import.meta.glob<object>(['./**/*.ts', '!./quiz/index.ts'], { base: './english', eager: true })
