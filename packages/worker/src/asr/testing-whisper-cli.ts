/** Written by whisper.cpp 1.9.3 (233fe1f, `-oj -ml 1`) for 70 s of noise and a model of random weights; shortened in the middle. */
export const RECORDED = `{
	"systeminfo": "WHISPER : COREML = 0 | OPENVINO = 0 | CPU : SSE3 = 1 | SSSE3 = 1 | AVX = 1 | AVX2 = 1 | F16C = 1 | FMA = 1 | BMI2 = 1 | OPENMP = 1 | REPACK = 1 | ",
	"model": {
		"type": "unknown",
		"multilingual": true,
		"vocab": 51865,
		"audio": {
			"ctx": 1500,
			"state": 64,
			"head": 1,
			"layer": 1
		},
		"text": {
			"ctx": 448,
			"state": 64,
			"head": 1,
			"layer": 1
		},
		"mels": 80,
		"ftype": 1
	},
	"params": {
		"model": "tiny.bin",
		"language": "en",
		"translate": false
	},
	"result": {
		"language": "en"
	},
	"transcription": [
		{
			"timestamps": {
				"from": "00:00:00,000",
				"to": "00:00:00,000"
			},
			"offsets": {
				"from": 0,
				"to": 0
			},
			"text": ""
		},
		{
			"timestamps": {
				"from": "00:00:00,000",
				"to": "00:00:14,980"
			},
			"offsets": {
				"from": 0,
				"to": 14980
			},
			"text": " awtz"
		}
	]
}
`;

/** What it said on stderr meanwhile; some lines of the model's figures are left out. */
export const RECORDED_STDERR = `whisper_init_from_file_with_params_no_state: loading model from '/models/tiny.bin'
whisper_init_with_params_no_state: use gpu    = 0
whisper_init_with_params_no_state: flash attn = 1
whisper_init_with_params_no_state: gpu_device = 0
whisper_init_with_params_no_state: dtw        = 0
whisper_init_with_params_no_state: devices    = 1
whisper_init_with_params_no_state: backends   = 1
whisper_model_load: loading model
whisper_model_load: n_vocab       = 51865
whisper_model_load: type          = 0 (unknown)
whisper_model_load: adding 1608 extra tokens
whisper_model_load: n_langs       = 99
whisper_model_load:          CPU total size =     7.43 MB
whisper_model_load: model size    =    7.43 MB
whisper_backend_init_gpu: no GPU found
whisper_init_state: compute buffer (decode) =   94.76 MB
read_audio_data: reading audio data from 'part-0.wav' ...
read_audio_data: trying to decode with miniaudio

system_info: n_threads = 2 / 2 | WHISPER : COREML = 0 | OPENVINO = 0 | CPU : SSE3 = 1 | SSSE3 = 1 | AVX = 1 | AVX2 = 1 | F16C = 1 | FMA = 1 | BMI2 = 1 | OPENMP = 1 | REPACK = 1 | 

main: processing 'part-0.wav' (1120000 samples, 70.0 sec), 2 threads, 1 processors, 1 beams + best of 1, lang = en, task = transcribe, timestamps = 1 ...

whisper_print_progress_callback: progress =  42%
whisper_print_progress_callback: progress =  85%
whisper_print_progress_callback: progress = 100%
output_json: saving output to 'part-0.json'

whisper_print_timings:    total time =   317.49 ms
`;
