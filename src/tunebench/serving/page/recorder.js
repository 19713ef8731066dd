// The microphone: one recording at a time, with a level in [0, 1] and the elapsed time while it runs.

const REASONS = {
  NotAllowedError: "The browser did not allow the microphone. Allow it in the site settings, then record again.",
  NotFoundError: "No microphone was found. Connect one, then record again.",
  NotReadableError: "Another program holds the microphone. Close it, then record again.",
};

export function recordingProblem() {
  if (!window.isSecureContext) return "Recording needs HTTPS or localhost.";
  if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) return "This browser cannot record.";
  return null;
}

/** Starts; resolves to {stop, discard}. `finished` gets the blob, after `stop` or at `limitS`. */
export async function startRecording({ limitS, progress, finished }) {
  let stream;
  try {
    // Speech processing would change what the model hears.
    stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
  } catch (error) {
    throw new Error(REASONS[error.name] ?? "The microphone could not be opened. Check it, then record again.");
  }
  const recorder = new MediaRecorder(stream);
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const chunks = [];
  const startedMs = performance.now();
  let discarded = false;

  const timer = setInterval(() => {
    const elapsedS = (performance.now() - startedMs) / 1000;
    analyser.getFloatTimeDomainData(samples);
    const rms = Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
    // -60 dB to 0 dB
    const level = Math.min(1, Math.max(0, 1 + Math.log10(rms + 1e-6) / 3));
    progress(Math.min(elapsedS, limitS), level);
    if (elapsedS >= limitS) stop();
  }, 80);

  function stop() {
    if (recorder.state !== "inactive") recorder.stop();
  }
  recorder.addEventListener("dataavailable", (event) => {
    if (event.data.size) chunks.push(event.data);
  });
  recorder.addEventListener("stop", () => {
    clearInterval(timer);
    for (const track of stream.getTracks()) track.stop();
    context.close();
    finished(discarded ? null : new Blob(chunks, { type: recorder.mimeType || "audio/webm" }));
  });
  recorder.start();
  return {
    stop,
    discard() {
      discarded = true;
      stop();
    },
  };
}
