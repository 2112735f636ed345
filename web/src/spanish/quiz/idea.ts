import type * as english from '../../english/quiz/idea'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: '¿Qué es el proceso hacia delante?',
      options: [
        { text: 'Una receta fija que mezcla con los datos cada vez más ruido al azar', says: 'No es más que `x = α·x₀ + σ·ε`, con α que baja y σ que sube. No tiene pesos, así que no hay nada que entrenar en él.' },
        { text: 'Una red que aprende a destruir imágenes, para que una segunda red pueda aprender a repararlas', says: 'Dos redes que juegan una contra otra forman una GAN. Aquí la destrucción es simple aritmética: nadie tiene que aprender a sumar ruido.' },
        { text: 'La parte de la red que comprime una imagen en un código corto', says: 'Ese es el codificador de un autocodificador. El proceso hacia delante no comprime nada: una imagen con ruido tiene tantos números como la limpia.' },
        { text: 'La pasada hacia delante de la red, en la que entra ruido y sale una imagen', says: 'La misma expresión para otra cosa. Aquí, «hacia delante» es hacia delante en el tiempo, de los datos al ruido; la pasada hacia delante de una red es una llamada cualquiera a ella.' },
      ],
    },
    {
      ask: 'A una fotografía se le ha añadido ruido hasta el mismo final. «Sigue ahí dentro», dice un amigo, «el modelo solo tiene que descifrarla». ¿Es así?',
      options: [
        { text: 'Sí, escondida en el ruido: un modelo lo bastante bueno recuperaría exactamente esta fotografía', says: 'No queda nada que descifrar. Al final α es 0, así que todas las fotografías del mundo llevan a la misma clase de ruido, y ningún modelo podría decir cuál había sido.' },
        { text: 'A medias: al final, la señal y el ruido tienen partes iguales en cada píxel', says: 'Las partes iguales están en mitad del camino. Al final, la parte de la señal es cero.' },
        { text: 'No. El modelo hará alguna imagen a partir de ese ruido, pero difícilmente esta', says: 'Al final α es 0: la fotografía no ha dejado rastro. El camino de vuelta *hace* una imagen que es probable; no *recupera* una que estaba ahí.' },
        { text: 'Solo si el ruido salió de una semilla conocida, de modo que se pueda restar', says: 'Ni siquiera entonces. Con α = 0, la imagen con ruido *es* el ruido; si lo restas, quedan ceros. (A mitad de camino, donde α es mayor que 0, restar el ruido conocido funcionaría. Al modelo nunca se le dice el ruido.)' },
      ],
    },
    {
      ask: 'Se lanzan al azar veinte mil puntos nuevos y se recupera la forma. Sigue a uno solo de ellos: ¿dónde acaba?',
      look: 'Sigue algunas de las líneas dibujadas desde fuera hasta su final. Después pulsa «Ruido nuevo» y mira dónde acaban ahora.',
      options: [
        { text: 'En el lugar de la forma donde estaba antes de que llegara el ruido', says: 'Nunca estuvo en la forma: es un punto nuevo, lanzado al azar hace un momento.' },
        { text: 'En algún lugar de la forma; cuál, depende del ruido que era al empezar', says: 'Cada recorrido acaba en la forma, y cada comienzo tiene su propio final. Todos los finales juntos tienen la distribución de la forma, que es todo lo que se pedía.' },
        { text: 'En el centro de la forma, porque el ruido se promedia a cero', says: 'El ruido se promedia entre muchos puntos, no en uno solo. La primera estimación sí está cerca del centro, cuando aún no se sabe nada; cada paso sabe después un poco más.' },
        { text: 'En la forma, pero cada vez en otro lugar, incluso a partir del mismo ruido', says: 'Este recorrido no añade ruido propio por el camino, así que el mismo comienzo tiene el mismo final. (Algunos muestreadores sí añaden ruido; entonces esto sería cierto.)' },
      ],
    },
    {
      ask: 'El camino de vuelta se detiene a la mitad. ¿Qué ves?',
      look: 'El panel está a mitad del camino de vuelta. Compáralo con la ida: pulsa «Disolver» y detente otra vez a la mitad.',
      options: [
        { text: 'La mitad de los puntos en la forma terminada; el resto, todavía en la bola', says: 'Todos los puntos están en el mismo nivel de ruido al mismo tiempo. Ninguno llega antes que los demás.' },
        { text: 'La forma terminada, a la mitad de su tamaño', says: 'Es verdad que α encoge la forma. Pero a mitad de camino σ es tan grande como α, así que cada punto se emborrona mucho más allá del grosor de la forma.' },
        { text: 'Una bola como la del principio: no se ve nada hasta los últimos pasos', says: 'El contorno grueso llega primero: el ruido de este nivel no lo oculta. La estructura fina espera a los últimos pasos.' },
        { text: 'Una nube emborronada, con tanto ruido como tiene la forma a mitad de la ida', says: 'La vuelta pasa por los mismos niveles de ruido que la ida, y en cada uno de ellos la nube de puntos tiene el mismo aspecto. Eso es lo que la hace una *vuelta*.' },
      ],
    },
    {
      ask: 'El nudo, la espiral, tu propio dibujo: en el extremo del ruido todos tienen el mismo aspecto. ¿Por qué importa eso?',
      options: [
        { text: 'Muestra que el modelo ha aprendido todas las formas igual de bien', says: 'En ese extremo aún no se ha aprendido nada: en el proceso hacia delante no hay ningún modelo.' },
        { text: 'Da un lugar donde empezar del que cualquiera puede sacar puntos, sean cuales sean los datos', says: 'Nadie sabe sacar al azar una de «todas las fotografías de gatos». Todo el mundo sabe sacar puntos de una gaussiana. El proceso hacia delante conecta las dos cosas.' },
        { text: 'Mantiene los datos en privado, ya que del ruido no se puede saber la forma', says: 'Es verdad que el ruido no dice nada. Pero el modelo ha visto los datos, y lo que ha aprendido puede muy bien revelar una parte.' },
        { text: 'Permite que un solo modelo entrenado haga cualquier forma, ya que todas parten de una misma bola', says: 'El comienzo es el mismo, pero la vuelta no: las estimaciones del eliminador de ruido pertenecen a los datos que conoce. Otra forma necesita otro eliminador de ruido (o uno al que se le diga qué forma).' },
      ],
    },
    {
      ask: 'De la nada a una imagen nueva: pon en orden la vida de un modelo de difusión.',
      first: 'primero',
      last: 'último',
      steps: [
        { text: 'Reunir ejemplos', says: 'Son todo lo que el modelo sabrá jamás del mundo.' },
        { text: 'Mezclarlos con ruido, de todas las fuerzas', says: 'Así se hacen los ejercicios: de cada imagen con ruido se conoce la limpia.' },
        { text: 'Entrenar una red para que estime el ejemplo limpio', says: 'El único paso que aprende. Se hace una vez y se lleva casi todo el tiempo.' },
        { text: 'Sortear ruido puro', says: 'De aquí en adelante ya no hace falta ningún ejemplo.' },
        { text: 'Moverse un poco hacia la estimación de la red', says: 'Un poco, porque la estimación es tosca mientras hay mucho ruido.' },
        { text: 'Volver a estimar, hasta que no quede ruido', says: 'Cada estimación es mejor que la anterior, porque hay menos ruido a través del que mirar.' },
      ],
    },
    {
      ask: 'Esto debería recuperar dos mil puntos del nudo, pero imprime una dispersión de 0 en todas las direcciones. ¿Qué línea está mal?',
      lines: [
        { says: 'Veinte pasos hacia abajo por el programa coseno: como debe ser.' },
        { says: 'Cada punto recibe la semilla 0, por tanto el mismo ruido, por tanto el mismo recorrido: dos mil copias de un punto. Una semilla equivale a una imagen, así que cada una necesita la suya.' },
        { says: 'El recorrido en sí está bien. DDIM no añade ruido por el camino, así que es correcto que dé finales iguales a comienzos iguales.' },
        { says: 'La dispersión de todos los puntos en cada una de las tres direcciones: es lo que hay que mirar, y dice la verdad.' },
      ],
    },
  ],
} satisfies Said<typeof english>
