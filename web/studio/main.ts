import { mount } from 'svelte'
import '../src/style.css'
import Studio from './Studio.svelte'

mount(Studio, { target: document.getElementById('app')! })
document.documentElement.dataset.begun = ''
