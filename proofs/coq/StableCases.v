(** T-STAB-D of loops with trees, part by part of the domain ([Pieces.v]): [descent] for the loop that each
    part has, on the part alone, and along rays for the one loop that the cube around the equilibrium has.
    In words: L-CASES in [proofs/theory/L-TREE.md]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Bool Arith.
From Certify Require Import Language Tree Compact Theorems Stability Claims Scalars Inline Arranging Rays FallProgram Wishes
  Neighbourhood RayClaims LoopClaim StableLoop Crossings Cases Pieces.
Import ListNotations.
Local Open Scope R_scope.

(** ** The obligations *)

(** The claim with a routine in the place of the plant. *)
Definition with_plant (c : claim) (r : list (node Q) * list nat) : claim :=
  Claim (System (bounds c) (others c) (fst r) (snd r)) (lyapunov c) (level c) (decay c) (rest c) (cube c).
Definition part_obligation (d : bool) (c : claim) (part : list side * (list (node Q) * list nat)) : option obligation :=
  let (b, r) := part in
  let k := with_plant c r in
  match fall_program_of d k with
  | Some q =>
    match descent_obligation k q with
    | Some o => if Nat.eqb (length (snd r)) (length (bounds c)) then Some (Obligation (hull b) (program o) (goal o)) else None
    | None => None
    end
  | None => None
  end.

(** In the order of their boxes. *)
Fixpoint box_before (a b : list (Q * Q)) : bool :=
  match a, b with
  | (l, h) :: a', (m, k) :: b' =>
    match Qcompare l m with
    | Lt => true | Gt => false
    | Eq => match Qcompare h k with Lt => true | Gt => false | Eq => box_before a' b' end
    end
  | _, _ => true
  end.
Fixpoint placed_in (o : obligation) (l : list obligation) : list obligation :=
  match l with
  | [] => [o]
  | p :: l' => if box_before (box o) (box p) then o :: l else p :: placed_in o l'
  end.
Definition in_boxes_order (l : list obligation) : list obligation := fold_right placed_in [] l.

Definition cube_sides (c : claim) : list (Q * Q) := map (fun rs => (fst rs - snd rs, fst rs + snd rs)%Q) (combine (rest c) (cube c)).
(** The box is within the part. *)
Definition spans (s : side) (b : Q * Q) : bool :=
  (if open_least s then qless (least s) (fst b) else Qle_bool (least s) (fst b)) &&
  (if open_most s then qless (snd b) (most s) else Qle_bool (snd b) (most s)).
Definition surrounds (b : list (Q * Q)) (part : list side * (list (node Q) * list nat)) : bool :=
  Nat.eqb (length (fst part)) (length b) && forallb (fun sb => spans (fst sb) (snd sb)) (combine (fst part) b).
Definition obligations_of_parts (d : bool) (c : claim) : option (list obligation) :=
  let parts := parts_of c (bounds c) in
  if acceptable c && qless 0 (decay c) && forallb (Qle_bool 0) (cube c) then
    match all_known (map (part_obligation d c) parts), find (surrounds (cube_sides c ++ others c)) parts with
    | Some l, Some (_, r) =>
      match fall_program_of d (with_plant c r) with
      | Some q =>
        match ray_obligations (rest c) (with_plant c r) q with
        | Some rays => Some (in_boxes_order l ++ rays)
        | None => None
        end
      | None => None
      end
    | _, _ => None
    end
  else None.

Definition is_select (n : node Q) : bool := match n with Select _ _ _ => true | _ => false end.
Definition most_parts := 256%nat.
(** As the checker: where the trees make several parts, but not too many. *)
Definition stable_obligations (d : bool) (c : claim) : option (list obligation) :=
  let n := if existsb is_select (plant c) then length (parts_of c (bounds c)) else 1%nat in
  if Nat.leb 2 n && Nat.leb n most_parts then obligations_of_parts d c else obligations d c.

(** ** They suffice *)

Lemma placed_in_ok o l p : In p (o :: l) -> In p (placed_in o l).
Proof.
  induction l as [|r l IH]; simpl; auto. destruct (box_before _ _); auto. intros [->|[->|I]]; simpl; auto.
  - right. apply IH. now left.
  - right. apply IH. now right.
Qed.
Lemma in_boxes_order_ok l o : In o l -> In o (in_boxes_order l).
Proof.
  induction l as [|p l IH]; intros I; [destruct I|]. apply placed_in_ok. destruct I as [->|I]; [now left|right; auto].
Qed.

Lemma in_cube_sides c x : length (rest c) = length (cube c) -> in_cube c x -> in_box (cube_sides c) x.
Proof.
  unfold in_cube, cube_sides. intros _ H. induction H as [|[r s] y l x A H IH]; simpl; constructor; auto.
  unfold within. simpl in *. rewrite Q2R_minus, Q2R_plus. apply Rabs_le_between in A || (unfold Rabs in A; destruct (Rcase_abs _) in A). all: lra.
Qed.
Lemma equilibrium_in_cube c : length (rest c) = length (cube c) -> forallb (Qle_bool 0) (cube c) = true ->
  in_cube c (equilibrium c).
Proof.
  unfold in_cube, equilibrium. generalize (cube c). induction (rest c) as [|r l IH]; intros [|s m] L H; simpl in *; try discriminate; constructor.
  - apply andb_prop in H. destruct H as [H _]. apply Qle_bool_real in H. rewrite Q2R_zero in H. simpl.
    replace (Q2R r - Q2R r) with 0 by ring. rewrite Rabs_R0. exact H.
  - apply IH; [lia|]. now apply andb_prop in H.
Qed.

Lemma surrounds_ok b part r x : surrounds b (part, r) = true -> in_box b x -> inside_box part x.
Proof.
  unfold surrounds. cbn [fst snd]. intros H. apply andb_prop in H. destruct H as [L%Nat.eqb_eq H]. revert b x L H.
  induction part as [|s part IH]; intros [|i b] x L H X; simpl in *; try discriminate; inversion X as [|? y ? x' [Y1 Y2] X']; subst; constructor.
  - apply andb_prop in H. destruct H as [H _]. apply andb_prop in H. destruct H as [H1 H2]. unfold on_side.
    destruct (open_least s), (open_most s); simpl; try apply qless_ok in H1; try apply qless_ok in H2;
      try apply Qle_bool_real in H1; try apply Qle_bool_real in H2; lra.
  - apply andb_prop in H. apply (IH b); auto. apply H.
Qed.

Section Sound.
Variable d : bool.
Variable c : claim.
Variable l : list obligation.
Hypothesis made : obligations_of_parts d c = Some l.
Hypothesis proved : forall o, In o l -> holds o.
Notation B := (bounds c).
Notation V := (value c).
Notation L := (Q2R (level c)).
Notation D := (Q2R (decay c)).

Notation parts := (parts_of c B).
Record known (cases rays : list obligation) (b : list side) (r : list (node Q) * list nat) (q : fall_program)
  (k : scalar_claim) : Prop := Known
  { k_cases : all_known (map (part_obligation d c) parts) = Some cases;
    k_hold : forall o, In o cases -> holds o;
    k_centre : In (b, r) parts /\ surrounds (cube_sides c ++ others c) (b, r) = true;
    k_program : fall_program_of d (with_plant c r) = Some q;
    k_rays : ray_obligations (rest c) (with_plant c r) q = Some rays /\ forall o, In o rays -> holds o;
    k_rate : 0 < D;
    k_cube : forallb (Qle_bool 0) (cube c) = true;
    k_order : in_order c k }.
Lemma unpack : exists cases rays b r q k, known cases rays b r q k.
Proof.
  unfold obligations_of_parts in made. destruct (acceptable c) eqn:A; [|discriminate].
  destruct (qless 0 (decay c)) eqn:R; [|discriminate]. destruct (forallb (Qle_bool 0) (cube c)) eqn:C; [|discriminate].
  cbn [andb] in made. destruct (all_known _) as [cases|] eqn:K; [|discriminate].
  destruct (find _ parts) as [[b r]|] eqn:P; try discriminate. apply find_some in P.
  destruct (fall_program_of d (with_plant c r)) as [q|] eqn:Q; [|discriminate].
  destruct (ray_obligations _ _ _) as [rays|] eqn:Y; [|discriminate]. inversion made as [E]; clear made.
  destruct (acceptable_ok c A) as [k O]. exists cases, rays, b, r, q, k. constructor; auto.
  - intros o I. apply proved. rewrite <- E. apply in_or_app. left. now apply in_boxes_order_ok.
  - split; auto. intros o I. apply proved. rewrite <- E. apply in_or_app. now right.
  - apply qless_ok in R. now rewrite Q2R_zero in R.
Qed.

Lemma length_of x : in_box B x -> length x = length B.
Proof. intros X. symmetry. apply (Forall2_length _ _ _ X). Qed.

(** In a part, by the loop that is there. *)
Lemma part_says cases rays b0 r0 q0 k b r x w : known cases rays b0 r0 q0 k -> In (b, r) parts ->
  inside_box b (x ++ fst w) -> in_box B x -> exists q, fall_program_of d (with_plant c r) = Some q /\
  length (snd r) = length B /\ next (with_plant c r) x w = next c x w /\
  exists v, V x = Some v /\ (L < v \/ exists y s, next c x w = Some y /\ stays B x y /\
    get (values (x ++ fst w) (fun _ => 0) (code q)) (fall_at q) = Some s /\ (in_cube c x \/ 0 < v /\ 0 < s)).
Proof.
  intros K I J X. pose proof (k_cases _ _ _ _ _ _ K) as E. apply all_known_ok in E.
  assert (O : exists o, part_obligation d c (b, r) = Some o /\ In o cases).
  { pose proof (in_map (part_obligation d c) _ _ I) as I'. rewrite E in I'. apply in_map_iff in I'. destruct I' as [o [Eo Io]]. now exists o. }
  destruct O as [o [Eo Io]]. apply (k_hold _ _ _ _ _ _ K) in Io. cbn [part_obligation] in Eo.
  destruct (fall_program_of d (with_plant c r)) as [q|] eqn:Q; [|discriminate].
  destruct (descent_obligation (with_plant c r) q) as [o1|] eqn:O1; [|discriminate].
  destruct (Nat.eqb_spec (length (snd r)) (length B)) as [Ls|]; [|discriminate]. inversion Eo; subst o; clear Eo.
  pose proof (k_order _ _ _ _ _ _ K) as [_ _ _ _ _ _ Lr Lc _].
  assert (N : next (with_plant c r) x w = next c x w) by exact (part_next c B b r x w I J B (others c)).
  exists q. split; auto. split; auto. split; auto.
  destruct (descent_point d (with_plant c r) q o1 x w Q O1 Ls Lr Lc (length_of x X)) as [v [Ev S]].
  { intros t T. apply (Io (x ++ fst w)); auto. now apply hull_ok. }
  rewrite N in S. exists v. split; [exact Ev|exact S].
Qed.
Lemma fallen r q x w y v v' s : fall_program_of d (with_plant c r) = Some q -> length (snd r) = length B -> in_box B x ->
  V x = Some v -> next (with_plant c r) x w = Some y -> V y = Some v' ->
  get (values (x ++ fst w) (fun _ => 0) (code q)) (fall_at q) = Some s -> s = (1 - D) * v - v'.
Proof.
  intros Q Ls X E Y E' F. destruct w as [w t]. cbn [fst] in F.
  exact (fall_value _ _ _ _ _ (fall_program_ok d (with_plant c r) q x w (fun _ => 0) Q Ls (length_of x X)) t y v v' s E Y E' F).
Qed.

Lemma value_defined x w : in_box B x -> allowed c w -> exists v, V x = Some v.
Proof.
  destruct unpack as [cases [rays [b [r [q [k K]]]]]]. intros X [Wb _]. destruct (part_ok c B x w X Wb) as [b1 [r1 [I J]]].
  destruct (part_says _ _ _ _ _ _ _ _ x w K I J X) as [_ [_ [_ [_ [v [E _]]]]]]. eauto.
Qed.

Lemma parts_conditions : conditions variation (allowed c) B (next c) V L D (equilibrium c) (in_cube c).
Proof.
  destruct unpack as [cases [rays [b [r [q [k K]]]]]]. set (c0 := with_plant c r).
  pose proof (k_order _ _ _ _ _ _ K) as [_ _ _ _ Rate Int Lr Lc _]. destruct (k_centre _ _ _ _ _ _ K) as [Ic Ac].
  assert (Within : forall x (w : variation), in_cube c x -> in_box (others c) (fst w) -> inside_box b (x ++ fst w)).
  { intros x w Cu W. apply (surrounds_ok _ _ _ _ Ac). apply Forall2_app; auto. apply in_cube_sides; auto. congruence. }
  assert (Lo : length (outputs c0) = length (bounds c0)).
  { pose proof (k_cases _ _ _ _ _ _ K) as E. apply all_known_ok in E. pose proof (in_map (part_obligation d c) _ _ Ic) as I'.
    rewrite E in I'. apply in_map_iff in I'. destruct I' as [o [Eo _]]. symmetry in Eo. cbn [part_obligation] in Eo.
    destruct (fall_program_of d _) as [q1|]; [|discriminate]. destruct (descent_obligation _ q1); [|discriminate].
    destruct (Nat.eqb_spec (length (snd r)) (length B)) as [Ls|]; [exact Ls|discriminate]. }
  assert (Mp : forall x w u, length x = length B -> placed c0 q x w u).
  { intros x w u Lx. now apply (fall_program_ok d c0 q x w u (k_program _ _ _ _ _ _ K) Lo Lx). }
  assert (Le : length (equilibrium c) = length B) by (unfold equilibrium; rewrite map_length; exact Lr).
  assert (Ln : length (next_state_at q) = length (bounds c0)).
  { now rewrite (next_length _ _ _ _ _ (Mp (equilibrium c) [] (fun _ => 0) Le)). }
  destruct (k_rays _ _ _ _ _ _ K) as [Er Hr].
  constructor; [exact Rate| | | |].
  - intros x w X A. destruct (part_ok c B x w X (proj1 A)) as [b1 [r1 [I J]]].
    destruct (part_says _ _ _ _ _ _ _ _ x w K I J X) as [q1 [Q1 [Ls [N [v [E M]]]]]]. exists v. split; auto.
    destruct M as [M|[y [s [Y [St [F M]]]]]]; [now left|right]. exists y. split; auto. split; auto.
    destruct M as [M|[Pv Ps]]; [now left|right]. destruct (value_defined y w ltac:(now apply (stays_ok _ x)) A) as [v' E'].
    exists v, v'. repeat split; auto. rewrite <- (fallen r1 q1 x w y v v' s Q1 Ls X E); auto. now rewrite N.
  - intros x y w [X [v [E Lv]]] A Cu Off Y By. destruct (value_defined y w By A) as [v' E'].
    destruct (part_says _ _ _ _ _ _ _ _ x w K Ic (Within x w Cu (proj1 A)) X) as [q1 [Q1 [Ls [N [v1 [E1 M]]]]]].
    rewrite (k_program _ _ _ _ _ _ K) in Q1. inversion Q1; subst q1. rewrite E in E1. inversion E1; subst v1.
    destruct M as [M|[y1 [s [Y1 [_ [F _]]]]]]; [lra|].
    destruct (rays_fall c0 (rest c) Lr Lc Lo Lr q Ln Mp (fun _ => 0) rays Er Hr x (fst w) v s Cu Off (proj1 A) E F) as [Pv Ps].
    exists v, v'. repeat split; auto. rewrite <- (fallen r q x w y v v' s (k_program _ _ _ _ _ _ K) Ls X E); auto. now rewrite N.
  - intros v. exact (zero_at_equilibrium c0 (rest c) Lr Lc Lo Lr q Ln Mp (fun _ => 0) rays Er v).
  - intros w y A Y. pose proof (equilibrium_in_cube c (eq_trans Lr (eq_sym Lc)) (k_cube _ _ _ _ _ _ K)) as Cu.
    assert (Ne : next c0 (equilibrium c) w = Some y).
    { rewrite <- Y. exact (part_next c B b r (equilibrium c) w Ic (Within _ _ Cu (proj1 A)) B (others c)). }
    apply (equilibrium_is_one c0 (rest c) Lr Lc Lo Lr q Ln Mp (fun _ => 0) rays Er w y); auto.
    symmetry. apply (Forall2_length _ _ _ (proj1 A)).
Qed.
Theorem stable_by_parts : stable_claim c.
Proof.
  apply stable_by_conditions; [exact parts_conditions|]. destruct unpack as [cases [rays [b [r [q [k K]]]]]].
  pose proof (k_order _ _ _ _ _ _ K) as O. constructor.
  - apply O.
  - exact (lyapunov_continuous c k O).
  - apply O.
  - intros Z. pose proof (k_rate _ _ _ _ _ _ K). lra.
Qed.
End Sound.

(** If every obligation of the claim holds, the claim does, by parts or as a whole. *)
Theorem stable_by_obligations d c l : stable_obligations d c = Some l -> (forall o, In o l -> holds o) -> stable_claim c.
Proof. unfold stable_obligations. destruct (_ && _); [apply stable_by_parts|apply stable_if_hold]. Qed.
