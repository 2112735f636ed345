import type * as english from '../english/scenes'
import type { Said } from '../languages'

export default {
  scenes: {
    ways: 'Esta escena',
    fill: 'Pantalla completa',
    leave: 'Salir de la pantalla completa',
    embed: 'Insertar',
    whole: 'Abrir la lección',
    paste: 'Pega esto en tu página:',
    alone: 'Solo la escena',
    title: 'Simulaciones',
    lead: 'Cada escena por separado, en su propia ventana: para una clase o para ponerla en tu propia página.',
  },
} satisfies Said<typeof english>
