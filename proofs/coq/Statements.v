(** What a text states: a text states something if its words are those of [print], and what it states
    is [true_of] it.  That nothing else is written like it, and what the program has to do with it, is in
    [Acceptance.v]. *)
From Coq Require Import QArith String List.
From Certify Require Import Language Claims LoopClaim FlowClaim OutputClaim SafetyClaim ResidualClaim
  ExtensionClaim RecoveryClaim RuleClaim
  Reader RuleText.
Import ListNotations.
Local Open Scope nat_scope.
Local Open Scope list_scope.

Inductive statement :=
| Holding (o : obligation)                     (* one obligation, whatever it is for *)
| Stable (c : claim)                           (* T-STAB-D *)
| Attracting (c : claim)                       (* T-STAB-C *)
| Guarded (c : safety_claim)                   (* T-SAFE-D *)
| Shielded (c : safety_claim)                  (* T-SAFE-C *)
| Bounded (c : output_claim)                   (* T-OUT *)
| Settling (r : residual_claim)                (* T-RES-D *)
| Subsiding (r : residual_claim)               (* T-RES-C *)
| Extended (e : extension_claim)               (* T-EXT-D *)
| Extending (e : extension_claim)              (* the same, if T-STAB-D says what it does of the core *)
| Recovered (c : recovery_claim)               (* T-REACH-D *)
| Ruled (c : rule_claim).                      (* T-RULE *)

Definition true_of (s : statement) : Prop :=
  match s with
  | Holding o => holds o
  | Stable c => stable_claim c
  | Attracting c => stable_flow c
  | Guarded c => safe_steps c
  | Shielded c => safe_flow c
  | Bounded c => bounded c
  | Settling r => settling_steps r
  | Subsiding r => settling_flow r
  | Extended e => extended_claim e
  | Extending e => stable_claim (core e) -> extended_claim e
  | Recovered c => recovered c
  | Ruled c => ruled c
  end.

(** * How statements are written *)

Definition print_option (q : option Q) : list word :=
  match q with None => [spelled "none"] | Some q => spelled "some" :: print_rational q end.
Definition print_system (s : system) : list word :=
  spelled "states" :: print_list print_pair (bounds s) ++
  spelled "others" :: print_list print_pair (others s) ++
  spelled "plant" :: print_list print_node (plant s) ++
  spelled "outputs" :: print_list print_nat (outputs s).
Definition print_claim (c : claim) : list word :=
  print_system c ++
  spelled "lyapunov" :: print_list print_node (lyapunov c) ++
  spelled "level" :: print_rational (level c) ++
  spelled "decay" :: print_rational (decay c) ++
  spelled "rest" :: print_list print_rational (rest c) ++
  spelled "cube" :: print_list print_rational (cube c).
Definition print_function (p : list (node Q)) : list word := spelled "function" :: print_list print_node p.
Definition print_safety (c : safety_claim) : list word :=
  print_system c ++
  spelled "barrier" :: print_list print_node (barrier c) ++
  spelled "initial" :: print_list print_function (starts_in c) ++
  spelled "unsafe" :: print_list print_function (never_in c).
Definition print_output (c : output_claim) : list word :=
  spelled "inputs" :: print_list print_pair (inputs c) ++
  spelled "output" :: print_list print_node (measured c) ++
  spelled "lower" :: print_option (low_bound c) ++
  spelled "upper" :: print_option (high_bound c).
Definition print_residual (r : residual_claim) : list word :=
  print_claim (around r) ++ spelled "residual" :: print_rational (residual r).
(** Before what is [after] it. *)
Fixpoint print_paving (p : paving) (after : list word) : list word :=
  match p with
  | Kept time => spelled "kept" :: numeral time :: after
  | Dropped => spelled "dropped" :: after
  | Cut i m lower upper =>
    spelled "cut" :: numeral i :: integer (Qnum m) :: integer (Z.pos (Qden m)) ::
    print_paving lower (print_paving upper after)
  end.
Definition print_extension (e : extension_claim) : list word :=
  print_claim (core e) ++
  spelled "steps" :: print_nat (most_steps e) ++
  spelled "volume" :: print_rational (covered e) ++
  spelled "paving" :: print_paving (cells_of e) [].
Definition print_away (a : option nat) : list word :=
  match a with None => [spelled "none"] | Some n => spelled "some" :: print_nat n end.
Definition print_recovery (c : recovery_claim) : list word :=
  print_system (steered c) ++
  spelled "target" :: print_list print_function (target c) ++
  spelled "initial" :: print_list print_function (starting c) ++
  spelled "away" :: print_away (away c) ++
  spelled "steps" :: print_nat (deadline c) ++
  spelled "volume" :: print_rational (room_size c) ++
  spelled "paving" :: print_paving (room_of c) [].
Definition print (s : statement) : list word :=
  match s with
  | Holding o => spelled "obligation" :: print_obligation o
  | Stable c => spelled "T-STAB-D" :: print_claim c
  | Attracting c => spelled "T-STAB-C" :: print_claim c
  | Guarded c => spelled "T-SAFE-D" :: print_safety c
  | Shielded c => spelled "T-SAFE-C" :: print_safety c
  | Bounded c => spelled "T-OUT" :: print_output c
  | Settling r => spelled "T-RES-D" :: print_residual r
  | Subsiding r => spelled "T-RES-C" :: print_residual r
  | Extended e => spelled "T-EXT-D" :: print_extension e
  | Extending e => spelled "extending" :: print_extension e
  | Recovered c => spelled "T-REACH-D" :: print_recovery c
  | Ruled c => spelled "T-RULE" :: print_rules c
  end.
Definition states (bytes : list nat) (s : statement) : Prop := words bytes = print s.
