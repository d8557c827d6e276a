"""Writes from-python/*.safetensors: what Python's x-transformers 2.26.4 computes with options that few others use.

    pip install torch x-transformers==2.26.4 safetensors; python3 from_python.py

Each file holds arguments (as metadata), weights, inputs, the output (logits, unless a case names another), the loss sum(output * direction)
and its gradients' norms. A fourth part of a case says what else the forward pass is given.
"""
import json
import pathlib

import torch
from safetensors.torch import save_file
from x_transformers import AutoregressiveWrapper, Decoder, Encoder, TransformerWrapper

NET = dict(num_tokens=11, max_seq_len=10)
SMALL = dict(dim=16, depth=2, heads=2, attn_dim_head=8, ff_mult=2)

CASES = {
    "swiglu_values": (NET, Decoder, SMALL | dict(attn_gate_values=True, attn_swiglu_values=True)),
    "hard": (NET, Decoder, SMALL | dict(attn_hard=True)),
    "k_rmsnorm": (NET, Decoder, SMALL | dict(attn_k_rmsnorm=True)),
    "rotate_num_heads": (NET, Decoder, SMALL | dict(rotary_pos_emb=True, rotate_num_heads=1)),
    "cope_max_pos": (NET, Decoder, SMALL | dict(attn_use_cope=True, attn_cope_max_pos=5)),
    "laser_softclamp_value": (NET, Decoder, SMALL | dict(attn_laser=True, attn_laser_softclamp_value=0.5)),
    "value_residual_not_learned": (NET, Decoder, SMALL | dict(add_value_residual=True, learned_value_residual_mix=False)),
    "qkv_receive_diff_residuals": (NET, Decoder, SMALL | dict(num_residual_streams=3, qkv_receive_diff_residuals=True)),
    "ff_softclamp": (NET, Decoder, SMALL | dict(ff_softclamp_value=0.7)),
    "ff_glu_softclamps": (NET, Decoder, SMALL | dict(ff_glu=True, ff_softclamp_value=0.7, ff_glu_gate_softclamp_value=0.5)),
    "zero_init_outputs": (NET, Decoder, SMALL | dict(attn_zero_init_output=True, ff_zero_init_output=True)),
    "zero_init_branch_output": (NET, Decoder, SMALL | dict(zero_init_branch_output=True)),
    "dynamic_tanh_init_alpha": (NET, Decoder, SMALL | dict(use_dynamic_tanh=True, dynamic_tanh_init_alpha=1.5)),
    "dynamic_pos_bias": (
        NET, Decoder,
        SMALL | dict(dynamic_pos_bias=True, dynamic_pos_bias_log_distance=True, dynamic_pos_bias_mlp_depth=3, dynamic_pos_bias_norm=True)),
    "rotary_xpos_scale_base": (NET, Decoder, SMALL | dict(rotary_xpos=True, rotary_xpos_scale_base=16)),
    "polar_bias_uniform_init": (NET, Decoder, SMALL | dict(polar_pos_emb=True, polar_bias_uniform_init=True)),
    "custom_layers": (NET, Decoder, dict(dim=16, heads=2, attn_dim_head=8, custom_layers=("a", "a", "f", "a", "f"))),
    "layers_execute_order": (NET, Decoder, SMALL | dict(layers_execute_order=(0, 1, 0, 1, 2, 3))),
    "orthog_residual": (NET, Decoder, SMALL | dict(orthog_residual=True)),
    "disable_abs_pos_emb": (NET, Decoder, SMALL | dict(disable_abs_pos_emb=True)),
    "rotary_with_abs_pos_emb": (NET, Decoder, SMALL | dict(rotary_pos_emb=True, disable_abs_pos_emb=False)),
    "integrate_layers_relu": (NET, Decoder, SMALL | dict(integrate_layers=True, layer_integrate_use_softmax=False)),
    "reinject_input": (NET, Decoder, SMALL | dict(reinject_input=True, learned_reinject_input_gate=True)),
    "sigsoftmax_logits": (NET | dict(sigsoftmax_logits=True), Decoder, SMALL),
    "return_only_embed": (NET | dict(return_only_embed=True), Encoder, SMALL),
    "num_cls_tokens": (NET | dict(use_cls_token=True, num_cls_tokens=2), Encoder, SMALL),
    "cross_attn_dim_context": (NET, Decoder, SMALL | dict(cross_attend=True, cross_attn_dim_context=6)),
    "only_cross": (NET, Decoder, SMALL | dict(cross_attend=True, only_cross=True)),
    "gate_values_rank": (NET, Decoder, SMALL | dict(attn_gate_values=True, attn_gate_values_rank=4)),
    "gate_values_rank_linear": (NET, Decoder, SMALL | dict(attn_gate_values=True, attn_gate_values_rank=4, attn_low_rank_silu_gates=False)),
    "gate_values_headwise": (NET, Decoder, SMALL | dict(attn_gate_values=True, attn_gate_values_headwise=True)),
    "output_gate": (NET, Decoder, SMALL | dict(attn_output_gate=True)),
    "output_gate_rank": (NET, Decoder, SMALL | dict(attn_output_gate=True, attn_output_gate_rank=4, attn_gate_values=True)),
    "output_gate_headwise": (NET, Decoder, SMALL | dict(attn_output_gate=True, attn_output_gate_headwise=True, attn_gate_values=True)),
    "cope_talking_heads": (NET, Decoder, SMALL | dict(attn_use_cope=True, attn_cope_talking_heads=True)),
    "data_dependent_alibi_per_row": (
        NET, Decoder, SMALL | dict(attn_data_dependent_alibi=True, attn_data_dependent_alibi_per_row=True, attn_data_dependent_alibi_per_row_dim_head=4)),
    "rel_proj_pos_bias": (
        NET, Decoder, SMALL | dict(attn_use_rel_proj_pos_bias=True, attn_rel_proj_num_distance_basis=3, attn_rel_proj_max_dist=6)),
    "latent_q": (NET, Decoder, SMALL | dict(attn_use_latent_q=True, attn_dim_latent_q=6)),
    "latent_q_and_kv": (
        NET, Decoder, SMALL | dict(attn_use_latent_q=True, attn_dim_latent_q=6, attn_use_latent_kv=True, attn_dim_latent_kv=5, rotary_pos_emb=True)),
    "orthog_projected_values": (NET, Decoder, SMALL | dict(attn_orthog_projected_values=True, attn_kv_heads=1)),
    "orthog_projected_values_both": (NET, Decoder, SMALL | dict(attn_orthog_projected_values=True, attn_orthog_projected_values_per_head=True)),
    "no_project_out": (NET, Decoder, SMALL | dict(attn_project_out=False)),
    "project_out_of_one_head": (NET, Decoder, SMALL | dict(heads=1, attn_dim_head=16, attn_project_out=True)),
    "mv_split_residual": (NET, Decoder, SMALL | dict(mv_split_residual=True)),
    "attn_z_loss": (NET | dict(attn_z_loss_weight=0.5), Decoder, SMALL | dict(cross_attend=True), dict(output="attn_z_loss")),
    "add_attn_z_loss": (NET, Decoder, SMALL, dict(wrapper=dict(add_attn_z_loss=True))),
    "adaptive_layernorm": (
        NET, Decoder, SMALL | dict(use_adaptive_layernorm=True, use_adaptive_layerscale=True, dim_condition=6), dict(condition=(2, 6))),
    "adaptive_rmsnorm": (
        NET, Decoder,
        SMALL | dict(use_adaptive_rmsnorm=True, dim_condition=6, adaptive_condition_mlp=True, adaptive_condition_mlp_expansion=2, sandwich_norm=True),
        dict(condition=(2, 9, 6))),
    "adaptive_post_norm": (NET, Encoder, SMALL | dict(use_adaptive_layernorm=True, pre_norm=False), dict(condition=(2, 16))),
    "mems": (NET | dict(max_mem_len=6), Decoder, SMALL, dict(mems=4)),
    "mems_shift_down": (NET | dict(max_mem_len=6, shift_mem_down=1), Decoder, SMALL | dict(rotary_pos_emb=True, attn_num_mem_kv=2), dict(mems=4)),
    "mems_alibi": (NET | dict(max_mem_len=20), Decoder, SMALL | dict(alibi_pos_bias=True, attn_flash=True), dict(mems=4)),
    "mems_xpos_post_norm": (NET | dict(max_mem_len=6), Decoder, SMALL | dict(rotary_xpos=True, pre_norm=False, attn_max_attend_past=5), dict(mems=4)),
    "num_output_heads": (NET | dict(num_output_heads=3, logits_dim=5), Decoder, SMALL),
    "squeeze_out_last_dim": (NET | dict(squeeze_out_last_dim=True, logits_dim=1), Encoder, SMALL),
    "recycling": (NET | dict(recycling=True), Decoder, SMALL, dict(recycle_steps=3)),
    "looped": (NET | dict(looped=True, max_looped_steps=3), Decoder, SMALL | dict(pre_and_post_norm=True)),
    "looped_loss": (
        NET | dict(looped=True, max_looped_steps=3), Decoder, SMALL | dict(pre_and_post_norm=True),
        dict(wrapper=dict(looped_loss_threshold_exit=0.02, looped_loss_slope=5.0, looped_exit_loss_weight=0.5))),
    "attn_pool": (NET | dict(attn_pool=True, num_pooled_tokens=3, dim_pooled_tokens=12), Encoder, SMALL),
    "attn_pool_depth": (NET | dict(attn_pool=True, attn_pool_depth=2), Encoder, SMALL),
    "embed_num_tokens": (NET | dict(embed_num_tokens=dict(kind=3, side=2)), Decoder, SMALL),
    "ff_deep_embed": (NET | dict(ff_deep_embed=True), Decoder, SMALL | dict(macaron=True)),
    "continuous_pred_head": (
        NET | dict(add_continuous_pred_head=True), Decoder, SMALL, dict(wrapper=dict(next_embed_loss_weight=0.5))),
    "data_dependent_alibi_kwargs": (
        NET, Decoder, SMALL | dict(attn_data_dependent_alibi=True, attn_data_dependent_alibi_kwargs=dict(bias_init=2.0, post_log_scale=0.5))),
    "data_dependent_alibi_per_row_kwargs": (
        NET, Decoder,
        SMALL | dict(attn_data_dependent_alibi=True, attn_data_dependent_alibi_per_row=True, attn_data_dependent_alibi_kwargs=dict(post_log_scale=0.5))),
    "rel_pos_kwargs": (NET, Encoder, SMALL | dict(alibi_pos_bias=True, rel_pos_kwargs=dict(slopes=[0.3, 0.7]))),
    "attn_aggregated_residuals": (NET, Decoder, SMALL | dict(attn_aggregated_residuals=True)),
    "attn_residuals_last_output_as_query": (
        NET, Decoder, SMALL | dict(attn_aggregated_residuals=True, attn_residuals_last_output_as_query=True, rotary_pos_emb=True)),
    "attn_aggregated_residuals_polar": (NET, Decoder, SMALL | dict(attn_aggregated_residuals=True, polar_pos_emb=True)),
    "cross_attn_inverted_attention": (NET, Encoder, SMALL | dict(cross_attend=True, cross_attn_inverted_attention=True)),
    "latent_rope_subheads": (
        NET, Decoder,
        SMALL | dict(heads=3, attn_use_latent_kv=True, attn_dim_latent_kv=5, attn_latent_rope_subheads=1, rotary_pos_emb=True)),
}


def write(folder, name, net_args, stack, stack_args, given={}):
    torch.manual_seed(0)
    net = TransformerWrapper(**net_args, attn_layers=stack(**stack_args)).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    tensors = dict(ids=torch.randint(0, net_args["num_tokens"], (2, 9)))
    inputs = {}
    if stack_args.get("cross_attend"):
        inputs["context"] = tensors["context"] = torch.randn(2, 5, stack_args.get("cross_attn_dim_context", stack_args["dim"]))
    if "condition" in given:
        inputs["condition"] = tensors["condition"] = torch.randn(*given["condition"])
    if "recycle_steps" in given:
        inputs["recycle_steps"] = given["recycle_steps"]
        tensors["recycle_steps"] = torch.tensor(given["recycle_steps"])
    if "embed_num_tokens" in net_args:
        inputs["embed_ids"] = {k: torch.randint(0, n, (2, 9)) for k, n in net_args["embed_num_tokens"].items()}
        tensors |= {f"embed_ids.{k}": ids for k, ids in inputs["embed_ids"].items()}
    if "mems" in given:
        inputs["mems"] = [torch.randn(2, given["mems"], stack_args["dim"]) for _ in range(stack_args["depth"])]
        tensors |= {f"mems.{i}": mem for i, mem in enumerate(inputs["mems"])}
    arguments = {"TransformerWrapper": net_args, stack.__name__: stack_args}
    if "wrapper" in given:
        arguments["AutoregressiveWrapper"] = given["wrapper"]
        output = AutoregressiveWrapper(net, **given["wrapper"])(tensors["ids"], **inputs)
    elif given.get("output") == "attn_z_loss":
        # The constructor takes the weight, but forward has one of its own.
        _, kept = net(tensors["ids"], return_attn_z_loss=True, attn_z_loss_weight=net_args["attn_z_loss_weight"], **inputs)
        output = kept.attn_z_loss
    elif "mems" in given:
        output, mems = net(tensors["ids"], return_mems=True, **inputs)
        tensors |= {f"new_mems.{i}": mem.contiguous() for i, mem in enumerate(mems)}
    else:
        output = net(tensors["ids"], **inputs)
    output = torch.stack(output) if isinstance(output, tuple) else output
    tensors["logits"] = output.detach()
    tensors["direction"] = torch.randn_like(output)
    (output * tensors["direction"]).sum().backward()
    norms = {k: float(p.grad.norm()) for k, p in net.named_parameters() if p.grad is not None}
    weights = {"weights." + k: v.clone().contiguous() for k, v in net.state_dict().items()}
    metadata = dict(arguments=json.dumps(arguments), gradient_norms=json.dumps(norms))
    if "output" in given:
        metadata["output"] = given["output"]
    save_file(tensors | weights, folder / f"{name}.safetensors", metadata=metadata)


folder = pathlib.Path(__file__).parent / "from-python"
folder.mkdir(exist_ok=True)
for name, case in CASES.items():
    try:
        write(folder, name, *case)
    except Exception as error:  # the original refuses, or crashes
        print(name, type(error).__name__, error)
