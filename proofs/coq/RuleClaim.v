(** What a claim of T-RULE says: rules about decisions hold on a box.  In words:
    [proofs/theory/T-RULE.md].

    Trees are programs of [Select] with rational thresholds: [Select a b c] is [b] where [a > 0], else
    [c], so that every tie has its side. *)
From Coq Require Import Reals QArith Qreals List.
From Certify Require Import Language.
Import ListNotations.
Local Open Scope R_scope.

(** A value is [> 0] if [strict], else [>= 0]; it is one of the vectors at the end of the program. *)
Record comparison := Comparison { strict : bool; compared : nat }.
Record rule := Rule { conditions : list comparison; conclusions : list comparison }.
Record rule_claim := RuleClaim
  { domain : list (Q * Q);                     (* states, parameters and disturbances *)
    decisions : list (node Q);                 (* over them, with what the controller decides in its place *)
    rules : list rule }.

Definition compares (c : comparison) (v : R) : Prop := if strict c then 0 < v else 0 <= v.
(** A condition that has no value counts as one that is met. *)
Definition met (e : list vector) (c : comparison) : Prop :=
  forall v, nth (compared c) e [] = [Some v] -> compares c v.
Definition kept (e : list vector) (c : comparison) : Prop :=
  exists v, nth (compared c) e [] = [Some v] /\ compares c v.

Definition ruled (c : rule_claim) : Prop := forall x, in_box (domain c) x -> forall t, proper t ->
  forall r, In r (rules c) ->
  (forall a, In a (conditions r) -> met (run x t (decisions c) []) a) ->
  forall a, In a (conclusions r) -> kept (run x t (decisions c) []) a.
