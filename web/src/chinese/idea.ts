import type * as english from '../english/idea'
import type { Said } from '../languages'

export default {
  labels: {
    scene: '一团点',
    shape: '形状',
    shapes: { 'torus-knot': '环面结', spiral: '螺线', helix: '螺旋', roll: '瑞士卷', own: '你自己的' },
    time: '时间t',
    data: '数据',
    noise: '纯噪声',
    dissolve: '让它消散',
    back: '把它带回来',
    way: '显示',
    ways: { there: '去程', back: '回程' },
    paths: '显示单个点的路径',
    again: '换一批噪声',
    type: '输入一两个字',
    draw: '或在这里画',
    clear: '清空',
    pad: '用手指或鼠标画形状的地方',
    counted: (points, seconds) => `${points}个点，20步：在这个浏览器里用了${seconds}秒。`,
    described: (shape, t, back) =>
      back ? `从噪声出发、正走向形状“${shape}”的点，时间${t.toFixed(2)}。` : `由20,000个点组成的形状“${shape}”，掺了噪声，时间${t.toFixed(2)}。`,
  },
  text: {
    title: '基本想法',
    short: '想法',
    lead: '噪声很容易造。学会从噪声一步一步走回来，凡是有例子的东西，你都能造出来。',
    sections: [
      {
        heading: '去程：谁都会',
        text: [
          '拖动时间滑块，或者[把t设为0.5](idea.way=there&idea.t=0.5)。形状上的每个点，都朝圆球里属于自己的一个位置漂过去。这里什么也没有学。只是给每个点掺进[[noise|噪声]]，每一刻多掺一点。这就是[[forward process|前向过程]]。',
          '[到了终点](idea.way=there&idea.t=1)，谁也分不出哪个是结、哪个是螺线。不管从什么出发，最后都是同一个球，中间密、外面稀：[[Gaussian|高斯分布]]。前半程的用处就在这里：从高斯分布里抽出新的点，谁都会。',
        ],
        equations: [{ says: '你在时间t看到的，是缩小到α倍的数据，加上放大到σ倍的噪声。' }],
      },
      {
        heading: '回程：猜一次，走一小步',
        text: [
          '现在[把它带回来](idea.way=back&idea.t=0)。这一页随机撒下一批新的点，没有一个曾经属于这个形状。每一步，每个点都问同一个问题：“加噪声之前，我平均会在哪里？”答案叫作[[guess|猜测]]，给出猜测的叫作[[denoiser|去噪器]]。点朝猜测走一小步，然后再问一次。',
          '[看看单个点的路径](idea.way=back&idea.paths=1&idea.t=0)。没有一个点回到它原来的位置，因为它没有原来的位置。回来的是整个形状：猜测认识的是[[distribution|分布]]：哪里点多，哪里点少。它不认识一个个的点。所以扩散模型造的是新图片，它不是去翻找旧图片。',
        ],
        equations: [{ says: '对干净的点的最佳猜测：取它可能的所有位置的平均。' }],
      },
      {
        heading: '还有什么要学',
        text: [
          '这个形状由几百个小团组成。对它来说，最佳猜测可以精确地算出来，这一页就是这样算的。对图片来说，没有人算得出来：图片太多，而我们手里只有例子。所以要让一个[[network|网络]]从掺了噪声的例子里学会猜。后面几章把它造出来：噪声、回程、网络、训练、只要几步的采样器、说出你想要什么的各种办法，以及世界用它做了些什么。',
        ],
      },
    ],
  },
} satisfies Said<typeof english>
