import type * as english from '../english/scenes'
import type { Said } from '../languages'

export default {
  scenes: {
    ways: 'Diese Szene',
    fill: 'Vollbild',
    leave: 'Vollbild verlassen',
    embed: 'Einbetten',
    whole: 'Zur Lektion',
    paste: 'Fügen Sie dies in Ihre Seite ein:',
    alone: 'Nur die Szene',
    title: 'Simulationen',
    lead: 'Jede Szene für sich, in einem eigenen Fenster: für einen Vortrag oder für Ihre eigene Seite.',
  },
} satisfies Said<typeof english>
