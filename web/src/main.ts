import { mount } from 'svelte'
import './style.css'
import App from './App.svelte'
import './awake' // its reader may be there before the page is
import * as computed from './compute/computed'
import * as engine from './compute/engine'
import { speak } from './languages'
import { painted } from './idle'
import { keepOffline } from './offline.svelte'

// For the curious, in the browser's console, and for the tests that hold these answers to Python's.
const parts = { plane: () => import('./compute/plane'), questions: async () => (await import('./english/quiz')).questions }
Object.assign(window, { sfumato: { ...engine, ...computed, ...parts, offline: keepOffline() } })
const target = document.getElementById('app')!
const written = [...target.childNodes] // by the build, for those to whom this script doesn't come
// The first chapter stands in the page already: without a wish in the address it is seen before this script takes its
// place, which takes a phone a second.
await Promise.all([speak(), location.search ? undefined : painted])
mount(App, { target })
for (const one of written) one.remove()
document.documentElement.dataset.begun = ''

